"""The trail in words of the reader's language."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from erp.base.i18n import Language
from erp.hr.staffing.model import StaffGroup
from erp.hr.staffing.schemas import PostContent, UnitContent
from erp.reference.trail.model import TrailEvent
from qazyna.settings import PROJECT
from tests.tidy.source import modules, tree_of
from web.timeline import ACTIONS, FIELDS, Change, told


def recorded() -> Iterator[tuple[str, str]]:
    """Where the code records an act by name, and the name."""
    for path in modules("erp", "api", "web", "qazyna"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("record", "_record"):
                said = (c for arg in node.args[1:3] for c in ast.walk(arg) if isinstance(c, ast.Constant))
                for constant in said:
                    if isinstance(constant.value, str) and re.fullmatch(r"[a-z]+(-[a-z]+)*", constant.value):
                        yield f"{path}:{node.lineno}", constant.value


def test_every_act_has_its_words() -> None:
    found = list(recorded())
    assert len(found) > 20
    assert [(where, action) for where, action in found if action not in ACTIONS] == []


def test_what_the_database_records_has_its_words() -> None:
    sql = Path(PROJECT, "migrations", "versions", "0013_audit.sql").read_text(encoding="utf-8")
    view = sql[sql.index("CREATE VIEW base_trail") : sql.index("COMMENT ON VIEW base_trail")]
    assert {"month-closed", "year-reopened"} <= set(re.findall(r"'((?:month|year)-[a-z]+)'", view)) <= set(ACTIONS)


def an_event(**changes: Any) -> TrailEvent:
    event: dict[str, Any] = {
        "source": "event", "id": 17, "organisation_id": 12, "at": datetime(2026, 11, 22, 9, 5, tzinfo=UTC),
        "actor_id": 7, "actor": "Айгүл", "login": "aigul", "principal": None, "origin": "10.0.0.1",
        "action": "user-renamed", "subject": "user:5", "subject_name": "Дина", "facts": {},
        "before": None, "after": None,
    }  # fmt: skip
    return TrailEvent(**event | changes)


def test_what_acts_on_units_and_posts_say_has_its_words() -> None:
    assert {*UnitContent.model_fields, *PostContent.model_fields, "since", "act_no", "rescinds"} <= FIELDS.keys()


def test_an_event_is_told_in_local_time_with_its_number() -> None:
    (each,) = told([an_event(before={"name": "Дина"}, after={"name": "Дина Оспанова"})], Language.EN)
    assert (each.when, each.who, each.what, each.subject) == (
        "22.11.2026 14:05", "Айгүл", "Person renamed", "User Дина",
    )  # fmt: skip
    assert each.event.number == "event/17"
    assert each.in_one_line == "Name: Дина → Дина Оспанова"


@pytest.mark.parametrize(
    ("facts", "before", "after", "changes"),
    [
        ({}, {"state": "open"}, {"state": "closed"}, [Change("State", "open", "closed")]),
        ({"reason": "a bill", "key": "x"}, None, None, [Change("Reason", None, "a bill")]),
        ({}, {"until": None}, {"until": "2026-11-22"}, [Change("Until, not including", "—", "22.11.2026")]),
        ({"role": "chief_accountant"}, None, None, [Change("Role", None, "chief accountant")]),
        (
            {"permissions": ["plan.read", "journal.read"]},
            None,
            None,
            [Change("Permissions", None, "read budget plans and scenarios; read the journal and the reports")],
        ),
        ({"result_tiyn": -123456}, None, None, [Change("Result of the year, ₸", None, "−1 234,56")]),
        ({"counterparty": "1"}, None, None, [Change("Counterparty", None, "1")]),
        ({"codes": ["a", "b"], "count": 2}, None, None, [Change("Codes", None, "a; b"), Change("Count", None, "2")]),
        ({}, None, {"by_mail": True}, [Change("By mail", None, "yes")]),
        (
            {"act_no": 7, "staff_group": StaffGroup.CIVIL_SERVANT.value},
            None,
            None,
            [Change("Act on the record №", None, "7"), Change("Serves as", None, "civil servant")],
        ),
        (
            {"formulas": "6b86b273"},
            {"wage_growth 2027": "6E+1", "revision": None},
            {"wage_growth 2027": "-4.5", "revision": 2},
            [
                Change("Growth of the average wage, 2027", "60", "−4,5"),
                Change("Revision №", "—", "2"),
                Change("Formulas", None, "written anew"),
            ],
        ),
        ({}, None, {"2027": "62.5"}, [Change("2027", None, "62,5")]),
        (
            {},
            None,
            {"postings": [{"debit": {"account": "1010", "dimensions": {}}, "amount": "5.00"}]},
            [Change("Postings", None, "Debit Account 1010, Amount, ₸ 5,00")],
        ),
        ({"of the future": {"a": 1}}, None, None, [Change("of the future", None, "a 1")]),
    ],
)
def test_changes_are_told_in_words(
    facts: dict[str, Any], before: dict[str, Any] | None, after: dict[str, Any] | None, changes: list[Change]
) -> None:
    (each,) = told([an_event(facts=facts, before=before, after=after)], Language.EN)
    assert [Change(c.field, c.before, c.after.replace("\u00a0", " ")) for c in each.changes] == changes


@pytest.mark.parametrize(
    ("subject", "name", "shown", "address"),
    [
        ("entry:12/2026/345", "MO-06 № 9", "Entry MO-06 № 9", "/o/12/journal/345"),
        ("month:12/2026-03", "", "March 2026", "/o/12/months#p-2026-03"),
        ("month:2026-03", "", "March 2026", None),
        ("settlement:12/5", "", "Entry of a trip 5", "/o/12/settlements/5"),
        ("request:12/5", "", "Request of an employee 5", None),
        ("year:12/2026", "", "Year 2026", "/o/12/months#p-2026"),
        ("package:kz/chart_of_accounts", "", "Data package kz/chart_of_accounts", None),
        ("organisation:12", "070440990920", "Organisation 070440990920", None),
        ("something else", "", "something else", None),
    ],
)
def test_subjects_are_named_and_lead_to_their_pages(subject: str, name: str, shown: str, address: str | None) -> None:
    (each,) = told([an_event(subject=subject, subject_name=name)], Language.EN)
    assert (each.subject, each.address) == (shown, address)


def test_an_act_unknown_here_keeps_its_own_name() -> None:
    (each,) = told([an_event(action="of-the-future", actor="")], Language.EN)
    assert (each.what, each.who) == ("of-the-future", "The program")
