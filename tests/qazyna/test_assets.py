"""Page scripts: as the lock file says, once, and never a reason not to start."""

import json
import shutil
from pathlib import Path

import pytest

from qazyna import assets
from qazyna.errors import StartupError
from qazyna.settings import PROJECT

SCRIPT = Path("web", "static", "vendor", "htmx.min.js")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(PROJECT / "package-lock.json", tmp_path)
    return tmp_path


def npm_brings(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(project: Path) -> None:
        script = project / "node_modules" / "htmx.org" / "dist" / "htmx.min.js"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(content)

    monkeypatch.setattr(assets, "_npm_ci", bring)


def test_the_letters_of_papers_come_with_their_licence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(project: Path) -> None:
        npm_brings("one", monkeypatch)
        assets._npm_ci(project)
        package = project / "node_modules" / "@expo-google-fonts" / "pt-sans"
        (package / "400Regular").mkdir(parents=True)
        for name in ("400Regular/PTSans_400Regular.ttf", "LICENSE_FONT", "index.js"):
            (package / name).write_text(name)

    monkeypatch.setattr(assets, "_npm_ci", bring)
    assets.install(project)
    brought = (project / "web" / "static" / "vendor" / "fonts" / "pt-sans").iterdir()
    assert {path.name for path in brought} == {"PTSans_400Regular.ttf", "LICENSE_FONT"}


def npm_fails(project: Path) -> None:
    raise StartupError(assets._ABSENT, reason="no network")


def test_npm_is_asked_only_when_the_lock_file_changes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_brings("one", monkeypatch)
    assert assets.install(project)
    npm_brings("two", monkeypatch)
    assert not assets.install(project)
    assert (project / SCRIPT).read_text() == "one"
    (project / "package-lock.json").write_text("{}")
    assert assets.install(project)
    assert (project / SCRIPT).read_text() == "two"


def test_a_failure_leaves_no_script_of_another_version(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_brings("one", monkeypatch)
    assets.install(project)
    (project / "package-lock.json").write_text("{}")
    monkeypatch.setattr(assets, "_npm_ci", npm_fails)
    with pytest.raises(StartupError):
        assets.install(project)
    assert not (project / SCRIPT).exists()


def test_a_failure_is_one_sentence_and_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> bool:
        raise StartupError(assets._ABSENT, reason="no network")

    monkeypatch.setattr(assets, "install", fail)
    assets.main()
    assert capsys.readouterr().err == (
        "The page scripts and the letters of papers could not be installed (no network): the pages work as plain forms,"
        " papers are printed in other letters, and make install tries again.\n"
    )


def test_an_npm_that_fails_gives_its_reason(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text("not json")
    (tmp_path / "package.json").write_text("{}")
    with pytest.raises(StartupError, match=r"could not be installed \(.+\): the pages work"):
        assets.install(tmp_path)


def test_the_lock_file_pins_by_content_and_names_no_registry() -> None:
    lock = json.loads((PROJECT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages["node_modules/htmx.org"]["version"] == "4.0.1"
    for package in packages.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
