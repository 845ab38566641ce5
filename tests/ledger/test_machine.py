"""Random commands against a ledger in a few lines of Python: after each step both say the same."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from erp.base import uow
from erp.base.dates import DaySpan
from erp.base.db import make_engine
from erp.finance.journal import turnovers
from erp.finance.journal.model import Sums
from erp.finance.journal.turnovers import Cut
from ledger import errors, seals
from ledger import service as ledger
from ledger.checks import disagreements
from ledger.model import (
    Correction,
    Dimension,
    EntryKind,
    JournalEntry,
    PeriodState,
    Posted,
    PostedBatch,
    Posting,
    Source,
    SubaccountKey,
)
from tests.factories.books import ACTOR, Books, a_chart, scope_of
from tests.factories.seals import seal_everything

MONTHS = [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]
NOT_OPENED = date(2027, 2, 1)
KINDS = [EntryKind.ORDINARY, EntryKind.OPENING]  # closing entries come from the close of a year only
SIDES = [
    ("1010", {}),
    ("1316", {}),
    ("1316", {Dimension.ITEM: "flour"}),
    ("6010", {}),
    ("6010", {Dimension.PROGRAMME: "261.001", Dimension.SPECIFIC: "149"}),
    ("7060", {Dimension.SPECIFIC: "149"}),
    ("7060", {Dimension.SPECIFIC: "161"}),
    ("3210", {Dimension.COUNTERPARTY: "010140000007"}),
]
OFF_BALANCE = [("01", {}), ("00", {})]

sides = st.integers(0, len(SIDES) - 1)
pairs = st.tuples(sides, sides).filter(lambda pair: pair[0] != pair[1]) | st.sampled_from(
    [(len(SIDES), len(SIDES) + 1), (len(SIDES) + 1, len(SIDES))]
)
amounts = st.integers(-(10**15), 10**15).filter(bool) | st.integers(1, 300)
days = st.builds(lambda month, day: month.replace(day=day), st.sampled_from(MONTHS), st.integers(1, 28))
quantities = st.none() | st.integers(-5000, 5000)


@st.composite
def lines(draw: st.DrawFn) -> tuple[Posting, ...]:
    """Postings whose sides are places in ``SIDES``; the machine puts the subaccounts in."""
    if draw(st.booleans()):
        return (Posting(*draw(pairs), draw(amounts)),)  # as most entries are
    correspondence = draw(st.lists(pairs, min_size=1, max_size=4))
    return tuple(Posting(d, c, draw(amounts), None, draw(quantities), draw(quantities)) for d, c in correspondence)


drafts = st.tuples(lines(), days, st.sampled_from([1, 2]), st.sampled_from(KINDS))


def negative(p: Posting) -> Posting:
    quantities = (-(p.debit_quantity_milli or 0), -(p.credit_quantity_milli or 0))
    return replace(
        p, amount_tiyn=-p.amount_tiyn, debit_quantity_milli=quantities[0], credit_quantity_milli=quantities[1]
    )


def swapped(p: Posting) -> Posting:
    return Posting(p.credit_id, p.debit_id, p.amount_tiyn, p.memo, p.credit_quantity_milli, p.debit_quantity_milli)


@dataclass
class Model:
    """What the books should say."""

    entries: dict[int, tuple[JournalEntry, Posted]] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    corrections: set[int] = field(default_factory=set)
    closed: set[date] = field(default_factory=set)
    restricted: set[date] = field(default_factory=set)
    numbers: Counter[tuple[int, int]] = field(default_factory=Counter)
    known: dict[datetime, frozenset[int]] = field(default_factory=dict)
    """What entries there were at an instant."""

    def refusal(self, day: date) -> type[errors.LedgerError] | None:
        """Why nobody without the right to adjust may post on a day."""
        month = day.replace(day=1)
        restricted = errors.PeriodRestricted if month in self.restricted else None
        return errors.PeriodClosed if month in self.closed else restricted

    def next_number(self, entry: JournalEntry) -> int:
        self.numbers[entry.journal_id, entry.effective_on.year] += 1
        return self.numbers[entry.journal_id, entry.effective_on.year]

    def turnovers(self) -> dict[tuple[int, date, int], tuple[int, int, int, int]]:
        """Debit and credit, in tiyn and in thousandths, by subaccount, month and kind."""
        sums: Counter[tuple[int, date, int, str]] = Counter()
        places = set()
        for entry, _ in self.entries.values():
            month, kind = entry.effective_on.replace(day=1), KINDS.index(entry.kind)
            for p in entry.postings:
                debit, credit = (p.debit_id, month, kind), (p.credit_id, month, kind)
                places |= {debit, credit}
                sums[*debit, "debit"] += p.amount_tiyn
                sums[*credit, "credit"] += p.amount_tiyn
                sums[*debit, "debit quantity"] += p.debit_quantity_milli or 0
                sums[*credit, "credit quantity"] += p.credit_quantity_milli or 0
        measures = ("debit", "credit", "debit quantity", "credit quantity")
        return {place: tuple(sums[*place, measure] for measure in measures) for place in places}  # type: ignore[misc]

    def sums(self, cut: Cut, known: Collection[int] | None) -> dict[int, tuple[int, int, int]]:
        """Opening balance and turnovers by subaccount, straight from the entries."""
        start, end = cut.span.start, cut.span.end
        sums: dict[int, list[int]] = {}
        for entry_id, (entry, _) in self.entries.items():
            if entry.effective_on >= end or (known is not None and entry_id not in known):
                continue
            opens = entry.effective_on < start or entry.kind is EntryKind.OPENING
            for p in entry.postings:
                for side, of in ((p.debit_id, 1), (p.credit_id, 2)):
                    row = sums.setdefault(side, [0, 0, 0])
                    if opens:
                        row[0] += p.amount_tiyn if of == 1 else -p.amount_tiyn
                    else:
                        row[of] += p.amount_tiyn
        return {side: (row[0], row[1], row[2]) for side, row in sums.items()}


class LedgerMachine(RuleBasedStateMachine):
    """Each example keeps the books of an organisation of its own, in one database."""

    books: Books
    organisations: "count[int]"
    everyone: "dict[int, tuple[Model, dict[int, int]]]"
    """Models of all examples so far by organisation, with the account of each subaccount."""

    posted = Bundle("posted")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.organisation = next(self.organisations)
        self.books.organisation = self.organisation
        keys = [SubaccountKey.of(self.books.accounts[code], named) for code, named in [*SIDES, *OFF_BALANCE]]

        def begin(u: uow.UnitOfWork) -> list[int]:
            ledger.open_books(u.connection, self.organisation, str(self.organisation), MONTHS[0], MONTHS[-1], ACTOR)
            return ledger.intern_subaccounts(u.connection, self.organisation, keys)

        self.ids = self.run_(begin)
        accounts = dict(zip(self.ids, (key.account_id for key in keys), strict=True))
        self.everyone[self.organisation] = self.model, accounts

    def run_(self, command):  # type: ignore[no-untyped-def]
        return uow.run(self.books.engine, scope_of(self.organisation), command)

    def entry(self, draft, key: UUID | None = None) -> JournalEntry:  # type: ignore[no-untyped-def]
        postings, day, journal, kind = draft
        placed = [replace(p, debit_id=self.ids[p.debit_id], credit_id=self.ids[p.credit_id]) for p in postings]
        return self.books.entry(*placed, on=day, key=key, journal_id=journal, kind=kind)

    # -------------------------------------------------------------------------------------------- what is accepted

    @rule(target=posted, draft=drafts)
    def post(self, draft):  # type: ignore[no-untyped-def]
        entry = self.entry(draft)
        if refusal := self.model.refusal(entry.effective_on):
            with pytest.raises(refusal):
                self.books.post(entry)
            return multiple()
        result = self.books.post(entry)
        assert result == Posted(result.entry_id, entry.effective_on.year, self.model.next_number(entry), True)
        self.model.entries[result.entry_id] = entry, result
        return result.entry_id

    @rule(target=posted, drafts=st.lists(drafts, min_size=2, max_size=5))
    def post_at_once(self, drafts):  # type: ignore[no-untyped-def]
        """Writers side by side: whose number is whose is open, but none is left out or given twice."""
        entries = [e for e in map(self.entry, drafts) if not self.model.refusal(e.effective_on)]
        with ThreadPoolExecutor(max(len(entries), 1)) as writers:
            results = list(writers.map(self.books.post, entries))
        expected, drawn = defaultdict(set), defaultdict(set)
        for entry, result in zip(entries, results, strict=True):
            series = entry.journal_id, entry.effective_on.year
            expected[series].add(self.model.next_number(entry))
            drawn[series].add(result.number)
            self.model.entries[result.entry_id] = entry, result
        assert drawn == expected
        return multiple(*(result.entry_id for result in results))

    @rule(target=posted, drafts=st.lists(drafts, min_size=1, max_size=5))
    def post_many(self, drafts):  # type: ignore[no-untyped-def]
        entries, key = [self.entry(draft) for draft in drafts], uuid4()

        def command(u: uow.UnitOfWork) -> PostedBatch:
            return ledger.post_many(u.connection, self.organisation, key, entries, ACTOR, Source("import", 1))

        if refusals := tuple(filter(None, (self.model.refusal(e.effective_on) for e in entries))):
            with pytest.raises(refusals):
                self.run_(command)
            return multiple()
        postings = [p for e in entries for p in e.postings]
        expected = PostedBatch(len(entries), len(postings), sum(p.amount_tiyn for p in postings), True)
        assert self.run_(command) == expected
        assert self.run_(command) == replace(expected, is_new=False)
        known = list(self.model.entries)
        fresh = self.read("SELECT id FROM ledger_entry WHERE id <> ALL(:known) ORDER BY id", known=known)
        numbered = {}
        for place, entry in sorted(enumerate(entries), key=lambda e: (e[1].effective_on, e[0])):
            numbered[place] = self.model.next_number(entry)
        for place, ((entry_id,), entry) in enumerate(zip(fresh, entries, strict=True)):
            result = Posted(entry_id, entry.effective_on.year, numbered[place], True)
            self.model.entries[entry_id] = entry, result
        return multiple(*(entry_id for (entry_id,) in fresh))

    @rule(entry_id=posted, day=days, kind=st.sampled_from([EntryKind.STORNO, EntryKind.REVERSAL]))
    def correct(self, entry_id: int, day: date, kind: EntryKind) -> None:
        entry, result = self.model.entries[entry_id]
        command = Correction(self.organisation, uuid4(), entry_id, result.fiscal_year, day, "typed twice", kind)

        def cancel() -> Posted:
            return self.run_(lambda u: u.post(command))()  # type: ignore[no-any-return]

        expected = (
            errors.StornoBeforeEntry
            if day < entry.effective_on
            else self.model.refusal(day) or (errors.AlreadyCorrected if entry_id in self.model.cancelled else None)
        )
        if expected:
            with pytest.raises(expected):
                cancel()
            return
        self.model.cancelled.add(entry_id)
        mirror = negative if kind is EntryKind.STORNO else swapped
        postings = tuple(mirror(p) for p in entry.postings)
        mirrored = replace(entry, effective_on=day, postings=postings)  # its kind, too, is the original's
        by = cancel()
        assert by == Posted(by.entry_id, day.year, self.model.next_number(mirrored), True)
        assert cancel() == replace(by, is_new=False)
        self.model.entries[by.entry_id] = mirrored, by
        self.model.corrections.add(by.entry_id)

    @rule(target=posted, draft=drafts)
    def adjust(self, draft):  # type: ignore[no-untyped-def]
        """Who may adjust posts into restricted months as well; into closed ones nobody does."""
        entry = self.entry(draft)
        may_adjust = replace(scope_of(self.organisation), adjusts=frozenset({self.organisation}))

        def command(u: uow.UnitOfWork) -> Posted:
            return ledger.post_entry(u.connection, entry, ACTOR)

        if entry.effective_on.replace(day=1) in self.model.closed:
            with pytest.raises(errors.PeriodClosed):
                uow.run(self.books.engine, may_adjust, command)
            return multiple()
        result = uow.run(self.books.engine, may_adjust, command)
        assert result == Posted(result.entry_id, entry.effective_on.year, self.model.next_number(entry), True)
        self.model.entries[result.entry_id] = entry, result
        return result.entry_id

    @rule(month=st.sampled_from(MONTHS), state=st.sampled_from(PeriodState))
    def lock_or_open(self, month: date, state: PeriodState) -> None:
        why = "a late bill"
        self.run_(lambda u: ledger.set_period(u.connection, self.organisation, month, state, ACTOR, why))
        for months, is_so in ((self.model.closed, PeriodState.CLOSED), (self.model.restricted, PeriodState.RESTRICTED)):
            months.discard(month)
            if state is is_so:
                months.add(month)

    # -------------------------------------------------------------------------------------------- what is refused

    @rule(entry_id=posted)
    def post_again(self, entry_id: int) -> None:
        entry, result = self.model.entries[entry_id]
        kept = self.read("SELECT action FROM ledger_command WHERE key = :key", key=entry.key)
        if kept and kept[0].action != "batch":
            assert self.books.post(entry) == replace(result, is_new=False)
            with pytest.raises(errors.KeyReused):
                self.books.post(replace(entry, memo="something else"))

    @rule(draft=drafts, fault=st.sampled_from(["zero", "same sides", "month", "journal", "mixed", "side", "none"]))
    def post_what_is_no_entry(self, draft, fault: str) -> None:  # type: ignore[no-untyped-def]
        entry = self.entry(draft)
        first, *others = entry.postings
        if fault == "none":
            bad, refusal = replace(entry, postings=()), errors.NoPostings
        elif fault == "month":
            bad, refusal = replace(entry, effective_on=NOT_OPENED), errors.PeriodNotOpened
        elif locked := self.model.refusal(entry.effective_on):
            bad, refusal = entry, locked
        elif fault == "journal":
            bad, refusal = replace(entry, journal_id=99), errors.UnknownJournal
        else:
            wrong, refusal = {
                "zero": (replace(first, amount_tiyn=0), errors.AmountZero),
                "same sides": (replace(first, credit_id=first.debit_id), errors.SameSides),
                "mixed": (Posting(self.ids[0], self.ids[-1], 5), errors.OffBalanceMixed),
                "side": (replace(first, credit_id=10**9), errors.UnknownSubaccount),
            }[fault]
            bad = replace(entry, postings=(*others, wrong))
        with pytest.raises(refusal):
            self.books.post(bad)

    @precondition(lambda self: self.model.corrections)
    @rule(data=st.data())
    def cancel_a_storno(self, data: st.DataObject) -> None:
        by = data.draw(st.sampled_from(sorted(self.model.corrections)))
        _, result = self.model.entries[by]
        command = Correction(self.organisation, uuid4(), by, result.fiscal_year, date(2027, 1, 28), "a reason")
        with pytest.raises(errors.NotCorrectable):
            self.run_(lambda u: u.post(command))

    @rule(draft=drafts)
    def a_command_that_fails_after_posting(self, draft) -> None:  # type: ignore[no-untyped-def]
        class Changed(Exception):
            pass

        def command(u: uow.UnitOfWork) -> None:
            ledger.post_entry(u.connection, self.entry(draft), ACTOR)
            raise Changed

        refusal = self.model.refusal(draft[1]) or Changed
        with pytest.raises(refusal):
            self.run_(command)

    # -------------------------------------------------------------------------------------------- what is asked

    @rule()
    def seal(self) -> None:
        """An instant between two blocks, which can be asked for ever after."""
        url = self.books.engine.url.render_as_string(hide_password=False)
        instant = seal_everything(url).sealed_at
        seal_everything(url)
        self.model.known[instant] = frozenset(self.model.entries)

    @rule()
    def roll(self) -> None:
        self.run_(lambda u: ledger.roll_groups(u.connection))

    @rule(a=days, b=days, data=st.data())
    def ask_for_sums(self, a: date, b: date, data: st.DataObject) -> None:
        """Of any span of days, as things stand and as they were known, of one organisation and of all together."""
        instant = data.draw(st.none() | st.sampled_from(sorted(self.model.known))) if self.model.known else None
        span, known = DaySpan.of(min(a, b), max(a, b)), self.model.known[instant] if instant else None
        everyone = list(self.everyone) if instant is None else [self.organisation]

        def ask(u: uow.UnitOfWork) -> tuple[list[Sums], list[Sums], Cut]:
            cut = Cut(span, known=seals.known_at(u.connection, instant).xid if instant else None)
            one = turnovers.sums_by_subaccount(u.connection, u.scope, self.organisation, cut)
            return one, turnovers.sums_by_account(u.connection, u.scope, everyone, cut), cut

        one, together, cut = uow.read(self.books.engine, scope_of(*everyone), ask)
        sums = {s.subaccount_id: (s.opening_tiyn, s.debit_tiyn, s.credit_tiyn) for s in one}
        assert without_zeros(sums) == without_zeros(self.model.sums(cut, known))
        totals: dict[int, tuple[int, int, int]] = {}
        for organisation in everyone:
            model, accounts = self.everyone[organisation]
            for side, (opening, debit, credit) in model.sums(cut, known).items():
                o, d, c = totals.get(accounts[side], (0, 0, 0))
                totals[accounts[side]] = (o + opening, d + debit, c + credit)
        by_account = {s.account_id: (s.opening_tiyn, s.debit_tiyn, s.credit_tiyn) for s in together}
        assert without_zeros(by_account) == without_zeros(totals)

    # -------------------------------------------------------------------------------------------- what always holds

    def read(self, statement: str, **parameters: object):  # type: ignore[no-untyped-def]
        return uow.read(
            self.books.engine, scope_of(self.organisation), lambda u: u.execute(text(statement), parameters).all()
        )

    @invariant()
    def the_database_agrees_with_itself(self) -> None:
        assert self.read(disagreements(self.organisation)) == []

    @invariant()
    def the_database_agrees_with_the_model(self) -> None:
        kept = self.read("""
            SELECT subaccount_id, month, kind, debit_tiyn, credit_tiyn, debit_quantity_milli, credit_quantity_milli
              FROM ledger_balance
        """)
        assert {tuple(r[:3]): tuple(r[3:]) for r in kept} == self.model.turnovers()
        numbers = self.read("SELECT id, number FROM ledger_entry ORDER BY id")
        assert dict(map(tuple, numbers)) == {i: posted.number for i, (_, posted) in self.model.entries.items()}


def without_zeros(sums: Mapping[Any, tuple[int, int, int]]) -> dict[Any, tuple[int, int, int]]:
    return {key: row for key, row in sums.items() if any(row)}


@pytest.fixture
def machine(shared_database: str) -> Iterator[type[LedgerMachine]]:
    engine = make_engine(shared_database)
    LedgerMachine.books = Books(engine, 0, a_chart(shared_database))
    LedgerMachine.organisations = count(1)
    LedgerMachine.everyone = {}
    yield LedgerMachine
    engine.dispose()


def test_the_books_are_what_was_posted(machine: type[LedgerMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=60, stateful_step_count=25, suppress_health_check=list(HealthCheck)),
    )
