"""The key file: made once, for its owner alone, and refused in words where it is none."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qazyna.errors import StartupError
from qazyna.keys import vault_of
from qazyna.settings import Settings


def test_the_key_file_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    sealed = vault_of(settings).seal("secret", about="user:1")
    assert vault_of(settings).open(sealed, about="user:1") == "secret"
    assert stat.S_IMODE((settings.data / "secret.key").stat().st_mode) == 0o600
    assert [each.name for each in settings.data.iterdir()] == ["secret.key"]


def test_where_files_have_no_second_name_the_key_is_made_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    settings = Settings(data=tmp_path)
    assert vault_of(settings).open(vault_of(settings).seal("secret", about="user:1"), about="user:1") == "secret"
    assert [(each.name, stat.S_IMODE(each.stat().st_mode)) for each in tmp_path.iterdir()] == [("secret.key", 0o600)]


def test_where_files_have_no_second_name_nobody_reads_half_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is given last, and never to a second key."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    seen: list[bool] = []
    written, settings = os.fsync, Settings(data=tmp_path)

    def look(descriptor: int) -> None:
        seen.append((tmp_path / "secret.key").exists())
        written(descriptor)

    monkeypatch.setattr("os.link", refuse)
    monkeypatch.setattr("os.fsync", look)
    with ThreadPoolExecutor(8) as programs:
        vaults = list(programs.map(lambda _: _started(settings), range(8)))
    assert {vault_of(settings).open(sealed, about="user:1") for sealed in vaults} == {"secret"}
    assert seen[0] is False
    assert [each.name for each in tmp_path.iterdir()] == ["secret.key"]


def test_a_key_that_cannot_be_put_there_leaves_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(StartupError, match="no space left"):
        vault_of(Settings(data=tmp_path))
    assert [*tmp_path.iterdir()] == []


def test_programs_that_start_together_have_one_key(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with ThreadPoolExecutor(8) as programs:
        vaults = list(programs.map(lambda _: _started(settings), range(8)))
    assert {vault_of(settings).open(sealed, about="user:1") for sealed in vaults} == {"secret"}


def _started(settings: Settings) -> bytes:
    return vault_of(settings).seal("secret", about="user:1")


@pytest.mark.parametrize("content", ["", "\n", "short\n", "не ключ\n"])
def test_a_file_that_is_no_key_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "mine.key").write_text(content, encoding="utf-8")
    with pytest.raises(StartupError, match="32 bytes in base64"):
        vault_of(Settings(secret_key=tmp_path / "mine.key"))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError, match="cannot be used"):
        vault_of(Settings(secret_key=tmp_path / "file" / "mine.key"))
