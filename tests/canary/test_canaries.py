"""Whoever works elsewhere learns nothing of an institution: no word, no number, no count, not that it is there."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from erp.base.db import make_engine
from erp.reference.access.model import SYSTEM_WIDE
from tests.canary.conftest import Garden, Walker, sent
from tests.canary.planting import CANARIES, digest, tables
from tests.canary.walk import QUESTIONS, REFUSED, UNKNOWN, WHOLE, Door, steady, told

NOWHERE = 999_999
ROOMS = ("plans", "scenarios", "drivers", "plan-files", "units", "posts", "staff", "me", "inbox", "requests", "leave",
         "trips", "absences", "absence-requests", "own", "trip-reports", "settlements")  # fmt: skip
_SCENARIO = "/api/v1/organisations/{organisation_id:int}/plans/{plan_id:int}/scenarios/{version_id:int}"
CLOSED = {
    "/o/{organisation_id:int}/staff/import/{intake_id:int}": "a list of people is sealed, and its owner's alone",
    "/o/{organisation_id:int}/leave/new": "leave is asked for days ahead; the walk asks of days that are over",
    "/o/{organisation_id:int}/leave/people/{person_id:int}/new": "as above",
    "/o/{organisation_id:int}/plans/{plan_id:int}/versions": "it leads on to the plan",
    "/o/{organisation_id:int}/plans/{plan_id:int}/scenarios": "it leads on to the list of scenarios",
    f"{_SCENARIO}/formulas/comparison": "two revisions are compared; one is planted",
    f"{_SCENARIO}/lines/{{leaf_id:int}}/precedents": "a figure's year has to be named",
}
"""Doors of rooms that nothing planted opens, and why."""
EMPTY = {"ledger_stage"}
"""Tables that hold rows only inside of a transaction."""
CHANGES_BY_ITSELF = {*SYSTEM_WIDE}
"""Doors of the whole system tell figures of all of it."""


def summary(faults: list[str]) -> str:
    return f"{len(faults)} faults, the first of them:\n" + "\n".join(faults[:: max(1, len(faults) // 60)])


def seen(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def _difference(one: str, other: str) -> str:
    """The first place where two answers differ."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"{one[max(at - 60, 0) : at + 60]!r} -> {other[max(at - 60, 0) : at + 60]!r}"


def test_every_table_of_institutions_has_a_canary(garden: Garden) -> None:
    """A new table comes with a row in ``planting``; until then nobody knows whether it keeps its rows to itself."""
    owner = make_engine(garden.url, role=None, pool=1)
    with owner.connect() as connection:
        bare = [
            table
            for table in tables(connection)
            if not connection.execute(
                text(f"SELECT EXISTS (SELECT FROM {table} WHERE organisation_id = :at)"),
                {"at": garden.planted.organisation},
            ).scalar_one()
        ]
    owner.dispose()
    assert set(bare) <= EMPTY


def test_the_own_doors_say_what_they_said_before(garden: Garden) -> None:
    """Lists, searches, exports, totals and counts: all is as it was before the others' books were filled."""
    faults = []
    for was in garden.before:
        answer = told(was.walker.ask(was.door, was.address, params=QUESTIONS[was.question]))
        where = f"{was.walker.name}: {was.door.method} {was.address} {was.question}"
        if canaries := seen(answer):
            faults.append(f"{where} tells {canaries}")
        if was.door.permission not in CHANGES_BY_ITSELF and steady(answer) != was.said:
            faults.append(f"{where} answers otherwise than before: {_difference(was.said, steady(answer))}")
    assert not faults, summary(faults)


def test_every_door_of_the_own_institution_opens_to_somebody(garden: Garden) -> None:
    """A walk that is refused everywhere, or finds nothing, proves nothing."""
    opened = {was.door.route.path for was in garden.before if was.status == 200}
    walked = {was.door.route.path: was.status for was in garden.before if was.door.is_of_an_organisation}
    broken = [f"{was.walker.name}: {was.address} {was.question}" for was in garden.before if was.status >= 500]
    assert not broken, summary(broken)
    assert {path: status for path, status in walked.items() if path not in opened and _is_of_a_room(path)} == {}


def _is_of_a_room(path: str) -> bool:
    """Whether ``rooms`` brings something there; of the books there is only what two entries show."""
    return path.partition("{organisation_id:int}/")[2].partition("/")[0] in ROOMS and path not in CLOSED


def test_files_of_the_own_books_tell_nothing_of_the_other_s(garden: Garden) -> None:
    """Of each door, by the first who may open it."""
    faults, brought = [], set()
    readers = {was.address: was.walker for was in reversed(garden.before) if was.status == 200}
    for was in garden.before:
        if was.walker is not readers.get(was.address) or was.door.route.path.startswith("/api/"):
            continue
        for form in ("pdf", "csv", "xlsx"):
            answer = was.walker.ask(was.door, was.address, params=QUESTIONS[was.question] | {"as": form})
            if "attachment" in answer.headers.get("content-disposition", ""):
                brought.add(was.door.route.path)
            elif form == "pdf":
                break  # no list: nothing of it is a file
            if canaries := seen(told(answer)):
                faults.append(f"{was.address} {was.question} as {form} tells {canaries}")
    assert len(brought) > 20, brought
    assert not faults, summary(faults)


def test_the_other_s_doors_are_as_those_of_nobody(garden: Garden) -> None:
    """Nor does a clock tell: the database is asked the same, as often, whether the institution is there or not."""
    faults, asked = [], list[str]()

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    def answered(walker: Walker, door: Door, at: int) -> tuple[str, list[str]]:
        asked.clear()
        answer = walker.ask(door, next(door.addresses(at, garden.planted.numbers[:1], ["x"])), params=WHOLE)
        return _refusal(answer, (at, *garden.planted.numbers)), asked.copy()

    event.listen(garden.desk.engine, "before_cursor_execute", note)
    for door in garden.doors:
        if door.method == "GET" and door.is_of_an_organisation:
            for walker in sent(garden.walkers, door, home=False):
                theirs, their_asking = answered(walker, door, garden.planted.organisation)
                none, nobodys_asking = answered(walker, door, NOWHERE)
                where = f"{walker.name}: {door.route.path}"
                if canaries := seen(theirs):
                    faults.append(f"{where} tells {canaries}")
                if theirs != none:
                    faults.append(f"{where} tells that it is there: {_difference(none, theirs)}")
                if their_asking != nobodys_asking:
                    faults.append(f"{where} asks {len(their_asking)} against {len(nobodys_asking)} times")
    event.remove(garden.desk.engine, "before_cursor_execute", note)
    assert not faults, summary(faults)


def test_the_other_s_numbers_lead_nowhere_in_the_own_books(garden: Garden) -> None:
    faults = []
    for door in garden.doors:
        if door.method != "GET":
            continue
        for walker in sent(garden.walkers, door, home=True):
            for address in door.addresses(garden.desk.school, garden.planted.numbers, ["kanareeva"]):
                answer = walker.ask(door, address, params={})
                if canaries := [c for c in seen(told(answer)) if c not in address]:
                    faults.append(f"{walker.name}: {address} tells {canaries}")
                if answer.status_code in REFUSED:
                    break
    assert not faults, summary(faults)


def bodies(door: Door) -> Iterator[dict[str, Any]]:
    """What to send: nothing, and a little of everything that commands ask for."""
    command = {
        "key": "7a1f4c1e-6f0b-4c39-9d55-0f2f3a6f2b10",
        "reason": "A reason",
        "effective_on": "2026-03-20",
        "kind": "storno",
    }
    if door.route.path.startswith("/api/"):
        yield {"json": command}
        yield {"json": {}}
        yield {"json": {"key": command["key"]}}
    else:
        yield {"data": command}
        yield {"data": command | {"do": "close", "said": "x", "why": "A reason", "text": "x"}}


@pytest.mark.parametrize("where", ["at the other's", "with the other's numbers"])
def test_a_change_of_the_other_s_is_refused_as_of_what_is_not_there(garden: Garden, where: str) -> None:
    owner = make_engine(garden.url, role=None, pool=1)
    with owner.connect() as connection:
        before = digest(connection, garden.planted.organisation)
    faults = []
    for door in garden.doors:
        if door.method == "GET" or not door.is_of_an_organisation:
            continue
        for walker in sent(garden.walkers, door, home=where != "at the other's"):
            csrf = _csrf(walker.client)
            for body in list(bodies(door))[: 1 if where == "at the other's" else None]:
                fields = {"data": body["data"] | {"csrf": csrf}} if "data" in body else body
                (theirs, settled), (none, _) = (
                    _refusals(walker, door, at, numbers, fields) for at, numbers in _places(garden, where)
                )
                told_there = f"{walker.name}: {door.method} {door.route.path} {json.dumps(body)}"
                if canaries := seen(" ".join(theirs)):
                    faults.append(f"{told_there} tells {canaries}")
                if not door.route.path.endswith("organisation_id:int}") and theirs - none and _may_tell(door, where):
                    both = (" ".join(sorted(answers)) for answers in (none, theirs))
                    faults.append(f"{told_there}: {_difference(*both)}")
                if settled:
                    break
    with owner.connect() as connection:
        after = digest(connection, garden.planted.organisation)
    owner.dispose()
    assert not faults, summary(faults)
    assert {table for table in before if before[table] != after[table]} == set()


def _refusals(walker: Walker, door: Door, at: int, numbers: list[int], fields: dict[str, Any]) -> tuple[set[str], bool]:
    """What is said at a door's addresses, and whether it would be said to anything else that is sent.

    That is so at the door itself, and where the API, which judges what is sent first, finds nothing at any address.
    """
    said, unknown = set[str](), door.route.path.startswith("/api/")
    for address in door.addresses(at, numbers, ["x"]):
        answer = walker.ask(door, address, **fields)
        said.add(_refusal(answer, (at, *numbers)))
        if answer.status_code in REFUSED:
            return said, True
        unknown = unknown and answer.status_code in UNKNOWN
    return said, unknown


def _places(garden: Garden, where: str) -> list[tuple[int, list[int]]]:
    numbers, nobodys = garden.planted.numbers, [NOWHERE, NOWHERE + 1]
    if where == "at the other's":  # refused before anything is looked up: one number is as good as many
        return [(garden.planted.organisation, numbers[:1]), (NOWHERE, numbers[:1])]
    return [(garden.desk.school, numbers), (garden.desk.school, nobodys)]


def _may_tell(door: Door, where: str) -> bool:
    """Without an id in the address there is nothing of the other's to ask for."""
    return where == "at the other's" or door.route.path.count(":int}") > 1


def _refusal(answer: Any, numbers: tuple[int, ...]) -> str:
    """An answer without the numbers that were in its address."""
    said = steady(told(answer))
    for number in sorted(numbers, reverse=True):
        said = said.replace(f"/{number}", "/…").replace(f"%2F{number}", "%2F…")
    return said


def _csrf(client: Any) -> str:
    from erp.reference.access import service as access

    secret = client.cookies.get("qazyna_session")
    return access.csrf_token(secret) if secret else ""
