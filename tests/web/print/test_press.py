"""The press holds nobody up, takes no more than it may, tells it in a sentence, and gives a sheet nothing to read."""

import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from web.print import press

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(press, "SHEETS", tmp_path)
    return tmp_path


def a_long_paper(rows: int) -> bytes:
    return press.typeset("long.typ", {"rows": [str(at) for at in range(rows)]}, NOW, tagged=False)


@pytest.fixture
def long_sheet(sheets: Path) -> None:
    (sheets / "long.typ").write_text('#table(columns: 2, ..json("data.json").rows)')


@pytest.mark.parametrize(
    "code",
    [
        '#read("/etc/passwd")',
        '#read("../../../../etc/passwd")',
        '#read("/../house.typ")',
        '#import "@preview/tablex:0.0.8": *',
        '#sys.inputs.at("QAZYNA_DATABASE_URL")',
    ],
)
def test_a_sheet_reads_nothing_but_what_it_is_given(sheets: Path, code: str) -> None:
    (sheets / "curious.typ").write_text(code)
    with pytest.raises(RuntimeError):
        press.typeset("curious.typ", {}, NOW)


def test_the_process_knows_no_secret(sheets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    run = subprocess.run

    def watched(*arguments: Any, **options: Any) -> Any:
        seen.update(options)
        return run(*arguments, **options)

    monkeypatch.setattr(subprocess, "run", watched)
    (sheets / "empty.typ").write_text("")
    press.typeset("empty.typ", {}, NOW)
    assert set(seen["env"]) == {"TMPDIR"}


@pytest.mark.usefixtures("long_sheet")
def test_while_a_long_paper_is_typeset_others_go_on() -> None:
    long = Thread(target=a_long_paper, args=(12_000,))
    long.start()
    for _ in range(3):
        a_long_paper(2)
        assert long.is_alive(), "a short paper is not held up by a long one"
    turns = 0
    while long.is_alive():
        time.sleep(0.002)
        turns += 1
    assert turns > 50


@pytest.mark.usefixtures("long_sheet")
@pytest.mark.parametrize(("limit", "value"), [("_MEMORY", 450 << 20), ("_LONGEST", 0.05)])
def test_a_paper_that_takes_too_much_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, value: float
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(kept))
    monkeypatch.setattr(press, limit, value)
    with pytest.raises(press.PaperTooLong, match="Excel"):
        a_long_paper(40_000)
    assert not list(kept.iterdir()), "nothing of what it said stays on the disk"


@pytest.mark.usefixtures("long_sheet")
def test_who_waits_too_long_for_a_place_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "_PATIENCE", 0.01)
    for _ in range(press._AT_ONCE):
        assert press._places.acquire()
    try:
        with pytest.raises(press.PressBusy, match="in a minute"):
            a_long_paper(1)
    finally:
        for _ in range(press._AT_ONCE):
            press._places.release()
    assert a_long_paper(1)
