"""Several people prepare, mend, return, withdraw, take back, check, sign and change the rules, day after day, in any
order.

What passed its route is posted exactly once; no step is taken out of turn, nor by who prepared the document or took
another step of it, without an exception in force; and into a journal that asks for other persons on that day nothing is
posted in any other way.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from erp.base.db import make_engine
from erp.base.uow import UnitOfWork, trial
from erp.finance.approvals import queries, rules, service
from erp.finance.approvals.model import State, Step
from erp.finance.approvals.schemas import PrepareCorrection
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import CorrectEntry, PostEntry
from ledger.errors import AlreadyCorrected, ApprovalNeeded, LedgerError, NotCorrectable, OwnEntry, PreparedChanged
from tests.erp.finance.approvals.conftest import FREE, GUARDED, Office, a_correction, an_entry

JOURNALS = (GUARDED, FREE)
WORKERS = ("aigul", "bolat", "chief")
FIRST_DAY = date(2026, 11, 22)

mostly_guarded = st.sampled_from((GUARDED, GUARDED, GUARDED, FREE))
mostly_free = st.sampled_from((FREE, FREE, FREE, GUARDED))
workers = st.sampled_from(WORKERS)
lenders = st.none() | workers
seldom = st.integers(0, 9).map(lambda n: n == 0)
routes = st.sampled_from(
    [("second-signature",)] * 3
    + [("check", "second-signature"), ("check",), ("check", "first-signature", "second-signature")]
)


@contextmanager
def refused_or_not(kinds: tuple[type[Exception], ...]) -> Iterator[None]:
    """Refused by one of the kinds; where there are none, not refused."""
    if kinds:
        with pytest.raises(kinds):
            yield
    else:
        yield


@dataclass
class Span:
    start: date
    end: date | None = None
    steps: tuple[Step, ...] = ()

    def __contains__(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)

    def meets(self, other: "Span") -> bool:
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)


@dataclass
class Waiting:
    """What the model knows of a prepared entry."""

    id: int
    command: PostEntry | PrepareCorrection
    state: State = State.PREPARED
    version: int = 1
    authors: set[int] = field(default_factory=set)
    entry_id: int = 0
    route: tuple[Step, ...] = ()
    taken: int = 0
    """Steps of the route with the last revision."""
    signers: set[int] = field(default_factory=set)
    revision: int = 1

    @property
    def due(self) -> Step | None:
        return self.route[self.taken] if self.state.is_under_way else None

    def begin_again(self, route: tuple[Step, ...], people: set[int]) -> None:
        self.authors |= people
        self.state, self.version, self.revision = State.PREPARED, self.version + 1, self.revision + 1
        self.route, self.taken, self.signers = route or self.route, 0, set()


class ApprovalMachine(RuleBasedStateMachine):
    new_office: Callable[[], Office]
    owner: Engine

    prepared: Bundle[Waiting] = Bundle("prepared")
    posted: Bundle[int] = Bundle("posted")

    def __init__(self) -> None:
        super().__init__()
        self.office = type(self).new_office()
        self.day = FIRST_DAY
        self.duties: dict[str, dict[int, Span]] = {code: {} for code in JOURNALS}
        self.exceptions: dict[str, dict[int, Span]] = {who: {} for who in WORKERS}
        self.entries: dict[int, str] = {}
        self.corrected: set[int] = set()
        self.all: list[Waiting] = []
        self.clocks = [
            patch(f"{module}.today", lambda: self.day)
            for module in ("erp.finance.approvals.service", "erp.finance.journal.recall", "erp.finance.journal.service")
        ]
        for clock in self.clocks:
            clock.start()

    def teardown(self) -> None:
        for clock in self.clocks:
            clock.stop()

    # -------------------------------------------------------------------------------------------- days and rules

    @initialize(target=prepared)
    def begin(self) -> Any:
        self._set_day(FIRST_DAY)
        self.require(GUARDED, 0, ("check", "second-signature"))
        return multiple(*(self.prepare(who, None, GUARDED) for who in WORKERS))

    @rule(days=st.integers(1, 4))
    def days_pass(self, days: int) -> None:
        self._set_day(self.day + timedelta(days=days))

    def _set_day(self, day: date) -> None:
        self.day = day
        with self.owner.begin() as connection:
            connection.execute(text("UPDATE a_clock SET day = :day"), {"day": day})

    @rule(code=st.sampled_from(JOURNALS), ahead=st.integers(-1, 3), steps=routes)
    def require(self, code: str, ahead: int, steps: tuple[str, ...]) -> None:
        span = Span(self.day + timedelta(days=ahead), None, tuple(map(Step, steps)))
        kinds: tuple[type[Exception], ...] = ()
        if ahead < 0:
            kinds = (rules.BeginsInThePast,)
        elif any(span.meets(other) for other in self.duties[code].values()):
            kinds = (rules.SeparatedAlready,)
        with refused_or_not(kinds):
            self.duties[code][self.office.require(code, span.start, steps)] = span

    @rule(code=mostly_free, ahead=st.integers(0, 3))
    def release(self, code: str, ahead: int) -> None:
        until = self.day + timedelta(days=ahead)
        for id_, span in list(self.duties[code].items()):
            if span.end is not None and span.end <= self.day:
                with pytest.raises(rules.DutyUnknown):
                    self.office.release(id_, until)
            elif span.start > self.day and until <= span.start:
                self.office.release(id_, until)
                del self.duties[code][id_]
            elif until <= self.day:
                with pytest.raises(rules.EndsTooEarly):
                    self.office.release(id_, until)
            else:
                later = [o for o in self.duties[code].values() if o is not span and Span(span.start, until).meets(o)]
                if later:
                    return
                self.office.release(id_, until)
                span.end = until if span.end is None else min(span.end, until)

    @rule(whom=workers, by=st.sampled_from(("head", *WORKERS)), days=st.integers(1, 5))
    def allow(self, whom: str, by: str, days: int) -> None:
        span = Span(self.day, self.day + timedelta(days=days))
        kinds: tuple[type[Exception], ...] = ()
        if whom == by:
            kinds = (rules.ExceptionForOneself,)
        elif any(span.meets(other) for other in self.exceptions[whom].values()):
            kinds = (rules.ExceptionAlready,)
        with refused_or_not(kinds):
            id_ = self.office.allow(whom, by, days=days, since=self.day)
            self.exceptions[whom][id_] = span

    @rule(whom=workers)
    def end_exceptions(self, whom: str) -> None:
        tomorrow = self.day + timedelta(days=1)
        for id_, span in self.exceptions[whom].items():
            over = span.end is not None and span.end <= self.day
            with refused_or_not((rules.ExceptionUnknown,) if over else ()):
                self.office.run(
                    "head", lambda u, id_=id_: service.end_exception(u, self.office.organisation, id_, tomorrow)
                )
                span.end = min(tomorrow, span.end or tomorrow)

    def guarded(self, code: str) -> bool:
        return bool(self.route_of(code))

    def route_of(self, code: str) -> tuple[Step, ...]:
        return next((span.steps for span in self.duties[code].values() if self.day in span), ())

    # -------------------------------------------------------------------------------------------- prepared entries

    @rule(target=prepared, who=workers, lender=lenders, code=mostly_guarded)
    def prepare(self, who: str, lender: str | None, code: str) -> Any:
        return self._prepare(who, lender, an_entry(journal=code), code)

    @rule(target=prepared, who=workers, lender=lenders, entry_id=posted)
    def prepare_correction(self, who: str, lender: str | None, entry_id: int) -> Any:
        return self._prepare(who, lender, a_correction(entry_id), self.entries[entry_id], entry_id)

    def _prepare(
        self, who: str, lender: str | None, command: PostEntry | PrepareCorrection, code: str, corrects: int = 0
    ) -> Any:
        kinds: tuple[type[Exception], ...] = ()
        if not self.guarded(code):
            kinds = (rules.ApprovalNotAsked,)
        elif corrects in self.corrected:
            kinds = (AlreadyCorrected, NotCorrectable)
        made = Waiting(0, command, State.WITHDRAWN, 0)
        with refused_or_not(kinds):
            made.id = self.office.prepare(who, command, **self._behalf(who, lender))
            made.state, made.version = State.PREPARED, 1
            made.authors, made.route = self._people(who, lender), self.route_of(code)
            self.all.append(made)
        return made if made.id else multiple()

    @rule(one=prepared, who=workers, lender=lenders, stale=seldom)
    def mend(self, one: Waiting, who: str, lender: str | None, stale: bool) -> None:
        if isinstance(one.command, PrepareCorrection):
            return
        changed = one.command.model_copy(update={"memo": f"Mended {one.version}"})
        works = one.state.is_waiting and not stale
        with refused_or_not(() if works else (PreparedChanged,)):
            self.office.run(
                who,
                lambda u: service.prepare_again(
                    u, self.office.organisation, one.id, one.version - (2 if stale else 0), changed
                ),
                **self._behalf(who, lender),
            )
            one.begin_again(self.route_of(one.command.journal), self._people(who, lender))
            one.command = changed

    @rule(one=prepared, who=workers)
    def send_back(self, one: Waiting, who: str) -> None:
        reason = f"return {one.version}"
        self._move(
            one,
            State.RETURNED,
            {state for state in State if state.is_under_way},
            lambda: self.office.run(
                who, lambda u: service.return_prepared(u, self.office.organisation, one.id, one.version, reason)
            ),
        )

    @rule(one=prepared, who=workers)
    def withdraw(self, one: Waiting, who: str) -> None:
        self._move(
            one,
            State.WITHDRAWN,
            {state for state in State if state.is_waiting},
            lambda: self.office.run(
                who, lambda u: service.withdraw(u, self.office.organisation, one.id, one.version, "not needed")
            ),
        )

    def _move(self, one: Waiting, to: State, before: set[State], act: Callable[[], object]) -> None:
        with refused_or_not(() if one.state in before else (PreparedChanged,)):
            act()
            one.state, one.version = to, one.version + 1

    @rule(one=prepared, who=workers, stale=seldom)
    def take_back(self, one: Waiting, who: str, stale: bool) -> None:
        version, code = one.version - (2 if stale else 0), self._journal_of(one)
        corrects = one.command.entry_id if isinstance(one.command, PrepareCorrection) else 0
        kinds: tuple[type[Exception], ...] = ()
        if one.state is not State.WITHDRAWN:
            kinds = (rules.NotWithdrawn,)
        elif stale:
            kinds = (PreparedChanged,)
        elif corrects in self.corrected:
            kinds = (AlreadyCorrected, NotCorrectable)
        with refused_or_not(kinds):
            self.office.run(who, lambda u: service.reinstate(u, self.office.organisation, one.id, version))
            one.begin_again(self.route_of(code), self._people(who, None))

    def _journal_of(self, one: Waiting) -> str:
        return one.command.journal if isinstance(one.command, PostEntry) else self.entries[one.command.entry_id]

    @rule(
        target=posted,
        one=prepared,
        who=workers,
        lender=lenders,
        stale=seldom,
        only_try=seldom,
        again=st.booleans(),
        out_of_turn=seldom,
    )
    def take_step(
        self, one: Waiting, who: str, lender: str | None, stale: bool, only_try: bool, again: bool, out_of_turn: bool
    ) -> Any:
        behalf, version = self._behalf(who, lender), one.version - (2 if stale else 0)
        own = bool((one.authors | one.signers) & self._people(who, lender))
        allowed = any(self.day in span for span in self.exceptions[who].values())
        corrects = one.command.entry_id if isinstance(one.command, PrepareCorrection) else 0
        step = one.due or Step.SECOND_SIGNATURE
        if out_of_turn:
            step = next(other for other in Step if other is not step)
        posts = not out_of_turn and one.due is not None and one.taken == len(one.route) - 1
        kinds: tuple[type[Exception], ...] = ()
        if one.due is None or stale:
            kinds = (PreparedChanged,)
        elif out_of_turn:
            kinds = (rules.StepNotDue,)
        elif own and not allowed:
            kinds = (OwnEntry,)
        elif posts and corrects in self.corrected:
            kinds = (AlreadyCorrected, NotCorrectable)
        if one.state is State.APPROVED and stale:
            return multiple()  # it may be the same person again, who is answered as before
        with refused_or_not(kinds):
            if only_try:
                self.office.run(
                    who,
                    lambda u: trial(
                        u, lambda work: service.take_step(work, self.office.organisation, one.id, version, step)
                    ),
                    **behalf,
                )
                return multiple()
            done = self.office.take(who, one.id, step, version, **behalf)
            assert (done is not None) == posts
            if again:
                repeated = self.office.take(who, one.id, step, version, **behalf)
                assert (repeated and (repeated.entry_id, repeated.is_new)) == (done and (done.entry_id, False))
            one.taken, one.version = one.taken + 1, one.version + 1
            one.signers |= self._people(who, lender)
            if done is None:
                one.state = State.CHECKED if step is Step.CHECK else State.FIRST_SIGNED
                return multiple()
            one.state, one.entry_id = State.APPROVED, done.entry_id
            if isinstance(one.command, PostEntry):
                self.entries[done.entry_id] = one.command.journal
            else:
                self.corrected |= {corrects, done.entry_id}
                self.entries[done.entry_id] = self.entries[corrects]
            return done.entry_id
        return multiple()

    @rule(target=posted, one=prepared)
    def go_the_whole_route(self, one: Waiting) -> Any:
        """As far as other persons can be found."""
        entry = multiple()
        while one.due is not None:
            others = [w for w in WORKERS if self.office.people[w] not in one.authors | one.signers]
            before = one.version
            if others:
                entry = self.take_step(one, others[0], None, False, False, False, False)
            if one.version == before:
                break
        return entry

    @rule(
        one=prepared,
        who=workers,
        lender=lenders,
        act=st.sampled_from((State.CHECKED, State.FIRST_SIGNED, State.APPROVED)),
    )
    def act_past_the_service(self, one: Waiting, who: str, lender: str | None, act: State) -> None:
        """A program with a mistake records a step that nobody signed, or an approval that it does not post."""
        own = bool((one.authors | one.signers) & self._people(who, lender))
        wanted = None
        if one.due is not None:
            last = one.taken == len(one.route) - 1
            wanted = State.APPROVED if last else State.CHECKED if one.due is Step.CHECK else State.FIRST_SIGNED

        def record(u: UnitOfWork) -> None:
            queries.insert_act(
                u.connection,
                u.scope,
                self.office.organisation,
                one.id,
                act,
                version=one.version + 1,
                revision=one.revision,
            )

        kind = PreparedChanged if wanted is not act else OwnEntry if own else DBAPIError
        with pytest.raises(kind):
            self.office.run(who, record, **self._behalf(who, lender))

    # -------------------------------------------------------------------------------------------- other doors

    @rule(target=posted, who=workers, code=st.sampled_from(JOURNALS), past_the_service=st.booleans())
    def post_directly(self, who: str, code: str, past_the_service: bool) -> Any:
        command = an_entry(journal=code)
        with refused_or_not((ApprovalNeeded,) if self.guarded(code) else ()):
            done = self.office.run(
                who,
                lambda u: journal.post_entry(u, self.office.organisation, command, approved=past_the_service),
            )()
            self.entries[done.entry_id] = code
            return done.entry_id
        return multiple()

    @rule(who=workers, entry_id=posted, past_the_service=st.booleans())
    def correct_directly(self, who: str, entry_id: int, past_the_service: bool) -> None:
        said = a_correction(entry_id)
        command = CorrectEntry(key=said.key, effective_on=said.effective_on, reason=said.reason)
        kinds: tuple[type[Exception], ...] = ()
        if self.guarded(self.entries[entry_id]):
            kinds = (ApprovalNeeded,)
        if entry_id in self.corrected:
            kinds = (LedgerError,)
        with refused_or_not(kinds):
            done = self.office.run(
                who,
                lambda u: journal.correct_entry(
                    u, self.office.organisation, entry_id, command, approved=past_the_service
                ),
            )()
            self.corrected |= {entry_id, done.entry_id}
            self.entries[done.entry_id] = self.entries[entry_id]

    # -------------------------------------------------------------------------------------------- what holds

    @invariant()
    def the_books_hold_what_was_posted(self) -> None:
        assert [code for code, _ in self.office.posted()] == [self.entries[id_] for id_ in sorted(self.entries)]

    @invariant()
    def what_was_approved_is_posted_once_and_nothing_else_of_it(self) -> None:
        approved = [one for one in self.all if one.state is State.APPROVED]
        assert sum(approvals for _, approvals in self.office.posted()) == len(approved)
        assert len({one.entry_id for one in approved}) == len(approved)

    @invariant()
    def it_stands_as_the_model_says(self) -> None:
        rows = self.office.run(
            "head", lambda u: service.some_prepared(u, self.office.organisation, [one.id for one in self.all])
        )
        assert {(r.id, r.state, r.version, r.next_step) for r in rows} == {
            (o.id, o.state, o.version, o.due) for o in self.all
        }
        assert {r.id: r.behind for r in rows} == {o.id: o.authors | o.signers for o in self.all}

    def _behalf(self, who: str, lender: str | None) -> dict[str, str]:
        return {"on_behalf_of": lender} if lender and lender != who else {}

    def _people(self, who: str, lender: str | None) -> set[int]:
        return {self.office.people[each] for each in (who, lender) if each}


def test_two_persons_hold_whatever_people_do(shared_database: str, new_office: Callable[[], Office]) -> None:
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.begin() as connection:  # the database's day is the machine's
        connection.execute(text("CREATE TABLE a_clock AS SELECT CAST('2026-11-22' AS date) AS day"))
        connection.execute(text("GRANT SELECT ON a_clock TO qazyna_app"))
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION reference_day(p_at timestamptz) RETURNS date LANGUAGE sql STABLE AS"
                " 'SELECT day FROM a_clock'"
            )
        )
    ApprovalMachine.new_office, ApprovalMachine.owner = staticmethod(new_office), owner  # type: ignore[assignment]
    run_state_machine_as_test(
        ApprovalMachine,
        settings=settings(max_examples=25, stateful_step_count=50, suppress_health_check=list(HealthCheck)),
    )
    owner.dispose()
