"""Months and years from the command line, in a person's name."""

from collections.abc import Callable, Iterator

import pytest

from erp.base import uow
from erp.base.scope import system_scope
from erp.finance.journal import service as journal
from qazyna import cli
from tests.web.desk import SCHOOL, Desk, furnish

Say = Callable[..., str]


@pytest.fixture
def desk(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("QAZYNA_DATABASE_URL", database.replace("postgresql+psycopg:", "postgresql:", 1))
    monkeypatch.setenv("QAZYNA_LANGUAGE", "en")
    desk = furnish(database)
    yield desk
    desk.engine.dispose()


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """What a command answers, in the name of the school's chief accountant or of another."""

    def run(*command: str, login: str = "office", code: int = 0) -> str:
        monkeypatch.setattr("sys.argv", ["qazyna", *command, "--organisation", SCHOOL, "--as", login])
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert (left.value.code or 0) == code
        told = capsys.readouterr()
        return " ".join((told.out + told.err).split())

    return run


def states(desk: Desk) -> dict[str, str]:
    found = uow.read(desk.engine, system_scope(desk.school), lambda u: journal.months(u, desk.school))
    return {f"{m.month:%Y-%m}": m.state for m in found}


def test_a_year_from_its_months_to_its_close_and_back(desk: Desk, say: Say) -> None:
    line = {"debit": {"account": "1010"}, "credit": {"account": "6360"}, "amount": "1000.00"}
    desk.post(postings=[line])
    assert "restricted" in say("restrict", "2026-04")
    assert states(desk)["2026-04"] == "restricted"
    assert "first: January 2026" in say("close-year", "2026", code=1)
    for month in range(1, 12):
        assert "is closed" in say("close", f"2026-{month:02}")
    assert "result 1 000,00 ₸, 1 entry, 1 posting" in say("close-year", "2026")
    assert set(states(desk).values()) == {"closed"}
    assert "already closed" in say("close-year", "2026", code=1)
    assert "Reopen the year first" in say("reopen", "2026-04", "--reason", "A late bill", code=1)
    assert "1 closing entry cancelled" in say("reopen-year", "2026", "--reason", "The act of the audit")
    assert states(desk)["2026-12"] == "restricted"
    assert "is open" in say("reopen", "2026-04", "--reason", "A late bill")


def test_a_reason_is_asked_for_and_an_accountant_is_refused(desk: Desk, say: Say) -> None:
    say("reopen", "2026-04", code=2)
    for command in (["restrict", "2026-04"], ["close-year", "2026"], ["reopen-year", "2026", "--reason", "a reason"]):
        assert "does not allow" in say(*command, login="accountant", code=1)
