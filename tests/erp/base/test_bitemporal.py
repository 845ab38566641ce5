"""Changes, corrections and rescinded acts in any order, against a model that keeps every day by itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from erp.base import bitemporal, uow
from erp.base.bitemporal import Act, ActOverlaid, AsOf, FactChanged
from erp.base.dates import DateInterval
from erp.base.db import make_engine
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.hr.staffing import queries
from ledger.errors import NotSealedYet
from ledger.model import Actor
from tests.factories.seals import libpq, seal_everything

AT, FIRST, DAYS = 7, date(2026, 1, 1), 12
"""The machine plays on a few days; the last stands for all that follow."""
HISTORY, ACTS = queries.UNITS, queries.ACTS

days = st.integers(0, DAYS - 1)
names = st.sampled_from("ABCDE")


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def content(name: str) -> dict[str, Any]:
    return {"name_kk": name, "name_ru": name, "name_en": name, "parent_id": None, "head_id": None}


@dataclass
class Done:
    """An act that the model knows: how each day was before it and after it."""

    id: int
    before: tuple[str | None, ...]
    after: tuple[str | None, ...]
    boundaries: frozenset[int] = frozenset()
    is_rescinded: bool = False

    @property
    def touched(self) -> set[int]:
        return {n for n in range(DAYS) if self.before[n] != self.after[n]}


@dataclass
class Book:
    """A subject's facts, written by the program for itself."""

    engine: Engine
    subject: dict[str, int] = field(default_factory=dict)

    def run(self, command: Any) -> Any:
        scope = Scope(Actor(0, "test"), keeps=frozenset({AT}))
        return uow.run(self.engine, scope, command)

    def begin(self) -> None:
        def make(u: UnitOfWork) -> int:
            return queries.insert_units(u.connection, u.scope, AT)[0]

        self.subject = {"organisation_id": AT, "unit_id": self.run(make)}

    def act(self, u: UnitOfWork, rescinds: int | None = None) -> Act:
        said = {"key": uuid4(), "content_hash": b"", "kind": "rescind" if rescinds else "change", "about": "unit"}
        said |= {"subject_id": self.subject["unit_id"], "reason": "a test", "rescinds": rescinds}
        return Act(AT, queries.insert_acts(u.connection, u.scope, AT, [said])[0])

    def change(self, since: int, name: str | None, until: int | None = None) -> int:
        def act(u: UnitOfWork) -> int:
            by = self.act(u)
            values = content(name) if name else None
            last = None if until is None else day(until)
            bitemporal.change(u.connection, HISTORY, self.subject, day(since), values, by, until=last)
            return by.id

        done: int = self.run(act)
        return done

    def correct(self, fact_id: int, valid: DateInterval, name: str) -> int:
        def act(u: UnitOfWork) -> int:
            by = self.act(u)
            bitemporal.correct(u.connection, HISTORY, self.subject, fact_id, valid, content(name), by)
            return by.id

        done: int = self.run(act)
        return done

    def rescind(self, act_id: int) -> None:
        self.run(lambda u: bitemporal.rescind(u.connection, [HISTORY], ACTS, act_id, self.act(u, act_id)))

    def facts(self, connection: Connection, known: str | None = None) -> list[tuple[int, date, date | None, str]]:
        rows = connection.execute(
            text(f"""
                SELECT f.id, lower(f.valid), upper(f.valid), f.name_en FROM hr_unit_fact f
                 WHERE f.organisation_id = :organisation_id AND f.unit_id = :unit_id
                   AND {AsOf(FIRST, known).was_known("f")} ORDER BY 2
            """),
            self.subject | {"known": known},
        )
        return [tuple(row) for row in rows]  # type: ignore[misc]

    def state(self, known: str | None = None) -> tuple[str | None, ...]:
        """What holds on each day; an overlap would show as a fact of two names."""

        def read(u: UnitOfWork) -> list[tuple[int, date, date | None, str]]:
            return self.facts(u.connection, known)

        facts = self.run(read)
        held = [[name for _, a, b, name in facts if a <= day(n) and (b is None or day(n) < b)] for n in range(DAYS)]
        assert all(len(each) <= 1 for each in held), facts
        return tuple(each[0] if each else None for each in held)


@pytest.fixture(scope="module")
def engine(shared_database: str) -> Iterator[Engine]:
    made = make_engine(shared_database, pool=3)
    yield made
    made.dispose()


@pytest.fixture
def book(engine: Engine) -> Book:
    made = Book(engine)
    made.begin()
    return made


class FactsMachine(RuleBasedStateMachine):
    """The model keeps a name, or nothing, for each day, and every act with how the days were before and after it."""

    engine: Engine

    @initialize()
    def begin(self) -> None:
        self.book = Book(type(self).engine)
        self.book.begin()
        self.days: tuple[str | None, ...] = (None,) * DAYS
        self.edges: set[int] = set()
        self.done: list[Done] = []

    def _record(self, act_id: int, after: list[str | None]) -> None:
        self.done.append(Done(act_id, self.days, tuple(after)))
        self.days = tuple(after)

    @rule(since=days, name=names, length=st.none() | st.integers(1, 6))
    def change(self, since: int, name: str, length: int | None) -> None:
        until = None if length is None else since + length
        boundary = until if until is not None else self._next_boundary(since)
        act_id = self.book.change(since, name, until)
        after = list(self.days)
        for n in range(since, DAYS if boundary is None else min(boundary, DAYS)):
            after[n] = name
        self._record(act_id, after)

    @rule(since=days)
    def end(self, since: int) -> None:
        act_id = self.book.change(since, None)
        self._record(act_id, [*self.days[:since], *[None] * (DAYS - since)])

    @rule(data=st.data(), name=names, start=days, length=st.integers(1, 6))
    def correct(self, data: st.DataObject, name: str, start: int, length: int) -> None:
        facts = self.book.run(lambda u: self.book.facts(u.connection))
        if not facts:
            return
        fact_id, a, b, _ = data.draw(st.sampled_from(facts))
        act_id = self.book.correct(fact_id, DateInterval(day(start), day(start + length)), name)
        after = [None if a <= day(n) and (b is None or day(n) < b) else self.days[n] for n in range(DAYS)]
        for n in range(start, min(start + length, DAYS)):
            after[n] = name
        self._record(act_id, after)

    @rule(data=st.data())
    def rescind(self, data: st.DataObject) -> None:
        standing = [each for each in self.done if not each.is_rescinded]
        if not standing:
            return
        undone = data.draw(st.sampled_from(standing))
        try:
            self.book.rescind(undone.id)
        except ActOverlaid:
            assert undone is not standing[-1], "the last act that stands can always be rescinded"
            return
        undone.is_rescinded = True
        self.days = tuple(undone.before[n] if n in undone.touched else self.days[n] for n in range(DAYS))

    def _next_boundary(self, since: int) -> int | None:
        """Where the fact of a day ends, or the next one begins; the model asks for facts, and checks them by days."""
        for _, a, b, _ in self.book.run(lambda u: self.book.facts(u.connection)):
            if a <= day(since) and (b is None or day(since) < b):
                return None if b is None else (b - FIRST).days
            if a > day(since):
                return (a - FIRST).days
        return None

    @invariant()
    def the_days_are_as_the_model_has_them(self) -> None:
        if hasattr(self, "book"):
            assert self.book.state() == self.days


def test_any_sequence_of_acts_leaves_the_days_as_a_slow_model_has_them(engine: Engine) -> None:
    machine = type("Machine", (FactsMachine,), {"engine": engine})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine, settings=settings(max_examples=25, stateful_step_count=20)
    )


def test_what_was_known_at_an_instant_stays_what_it_was(book: Book, shared_database: str) -> None:
    book.change(0, "A")
    block = seal_everything(shared_database)
    book.change(4, "B")
    book.rescind(book.change(2, "C"))
    later = seal_everything(shared_database)
    known = book.run(lambda u: bitemporal.as_of(u.connection, FIRST, block.sealed_at)).known
    assert book.state(known) == ("A",) * DAYS
    assert book.state() == ("A",) * 4 + ("B",) * (DAYS - 4)
    with pytest.raises(NotSealedYet):
        book.run(lambda u: bitemporal.as_of(u.connection, FIRST, later.sealed_at + timedelta(hours=1)))


def test_a_slow_transaction_does_not_slip_in_below_what_was_known(book: Book, shared_database: str) -> None:
    """It began first and records last: it is refused, and would be run again with a number of its own."""
    with psycopg.connect(libpq(shared_database)) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        book.change(0, "A")
        act = slow.execute(
            "INSERT INTO hr_act (organisation_id, key, content_hash, kind, about, subject_id, reason, actor_id, origin)"
            " VALUES (%s, gen_random_uuid(), '', 'change', 'unit', 1, 'a test', 0, 'test') RETURNING id",
            [AT],
        ).fetchone()
        assert act
        with pytest.raises(psycopg.errors.SerializationFailure):
            slow.execute(
                "UPDATE hr_unit_fact SET superseded_xid = pg_current_xact_id(), superseded_by = %s WHERE unit_id = %s",
                [act[0], book.subject["unit_id"]],
            )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE hr_unit_fact SET name_en = 'X' WHERE unit_id = :unit_id",
        "UPDATE hr_unit_fact SET superseded_xid = '5', superseded_by = 1 WHERE unit_id = :unit_id",
        "UPDATE hr_unit_fact SET superseded_xid = NULL, superseded_by = NULL WHERE unit_id = :unit_id",
        "DELETE FROM hr_unit_fact WHERE unit_id = :unit_id",
        "INSERT INTO hr_unit_fact (organisation_id, unit_id, valid, name_kk, name_ru, name_en, act_id)"
        " SELECT organisation_id, unit_id, valid, 'X', 'X', 'X', act_id FROM hr_unit_fact WHERE unit_id = :unit_id",
    ],
)
def test_not_even_the_owner_changes_what_was_recorded(book: Book, shared_database: str, statement: str) -> None:
    book.change(0, "A")
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text(statement), book.subject)
    owner.dispose()
    assert book.state() == ("A",) * DAYS


def test_a_fact_is_corrected_once(book: Book) -> None:
    book.change(0, "A")
    ((fact_id, *_),) = book.run(lambda u: book.facts(u.connection))
    book.correct(fact_id, DateInterval(day(1), None), "B")
    assert book.state() == (None,) + ("B",) * (DAYS - 1)
    with pytest.raises(FactChanged):
        book.correct(fact_id, DateInterval(day(0), None), "C")
