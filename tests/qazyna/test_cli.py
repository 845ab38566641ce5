"""The command line: whatever is refused is one sentence."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from erp.finance.recoding.schemas import MakeRecoding
from qazyna import cli


def _unreadable() -> None:
    raise PermissionError(13, "Permission denied", "/keep/journal.csv")


def _unfit() -> None:
    MakeRecoding.model_validate({"title": "", "effective_on": "2027-01-01", "lines": []})


@pytest.mark.parametrize(("does", "said"), [(_unreadable, "Permission denied, /keep/journal.csv"), (_unfit, "title: ")])
def test_what_the_machine_refuses_is_told_without_a_traceback(
    does: Callable[[], None], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "app", lambda **_: does())
    assert said in _refused(monkeypatch, capsys)


def test_a_file_of_another_encoding_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mapping.csv"
    file.write_bytes("account; 7105; 7150; по-русски".encode("cp1251"))
    monkeypatch.setattr(sys, "argv", ["qazyna", "recode", "make", str(file), "--title", "x", "--on", "01.01.2027"])
    assert "'utf-8' codec can't decode" in _refused(monkeypatch, capsys)


def _refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert (ended.value.code, said.startswith("This could not be done: ")) == (1, True), said
    return said
