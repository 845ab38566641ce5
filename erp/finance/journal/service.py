"""Use cases of the journal.  Each runs inside the caller's unit of work."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from erp.base.clock import today
from erp.base.cursors import CursorMalformed, number_in
from erp.base.dates import DaySpan, MonthSpan, month_string
from erp.base.errors import Invalid
from erp.base.layouts import readings
from erp.base.uow import Receipt, UnitOfWork
from erp.finance.journal import queries, rules, turnovers, values
from erp.finance.journal.model import (
    Account,
    AccountCard,
    CardLine,
    CorrectionView,
    DimensionValue,
    EntryFilter,
    EntryRow,
    EntryView,
    Journal,
    Month,
    Page,
    PeriodChange,
    PostingView,
    Side,
    SourceView,
    Sums,
    TrialBalance,
    Year,
)
from erp.finance.journal.queries import Carded, CardPlace, EntryHead, SideRow
from erp.finance.journal.recall import Registers
from erp.finance.journal.schemas import CorrectEntry, PostEntry, PostingInput, StornoEntry
from erp.finance.journal.turnovers import Cut, Span
from ledger import seals
from ledger import service as ledger
from ledger.errors import ApprovalNeeded, JournalNotKept, PeriodClosed, PeriodNotOpened, PeriodRestricted
from ledger.model import Correction, Dimension, EntryKind, JournalEntry, PeriodState, YearClosed, YearReopened

T = TypeVar("T")

# ------------------------------------------------------------------------------------------------ registers


def accounts(uow: UnitOfWork, on: date) -> list[Account]:
    """The chart of accounts on a day."""
    return queries.accounts_in_force(uow.connection, uow.scope, on)


def search_accounts(uow: UnitOfWork, words: str, on: date, limit: int = 20) -> list[Account]:
    """Postable accounts by code or by name in any language, the closest first.

    Where nothing answers to what was typed, it is taken as typed with another keyboard layout switched on.
    """
    return _first_found(words, lambda said: queries.search_accounts(uow.connection, uow.scope, said, on, limit))


def search_values(
    uow: UnitOfWork, dimension: Dimension, words: str, *, on: date, language: str, limit: int = 20
) -> list[DimensionValue]:
    """Values of a dimension by code or by name in any language, as accounts are; none where no register keeps them."""
    return _first_found(words, lambda said: values.search(uow, dimension, said, day=on, language=language, limit=limit))


def _first_found(words: str, search: Callable[[str], list[T]]) -> list[T]:
    return next((found for said in readings(words.strip()) if (found := search(said))), [])


def labels(uow: UnitOfWork, wanted: set[values.Wanted], *, on: date) -> dict[values.Wanted, DimensionValue]:
    """A label for every value of a dimension; its own code where no register names it."""
    return values.labels(uow, wanted, day=on)


def document_journals(uow: UnitOfWork) -> list[Journal]:
    """Journals that people post documents to; the others are filled by imports, openings and closings."""
    return [journal for journal in journals(uow) if journal.code not in rules.PROGRAM_JOURNALS]


def journals(uow: UnitOfWork) -> list[Journal]:
    return queries.journals(uow.connection, uow.scope)


def months(uow: UnitOfWork, organisation_id: int) -> list[Month]:
    """Months the organisation keeps books for, the newest first."""
    return queries.months(uow.connection, uow.scope, organisation_id)


def period_changes(uow: UnitOfWork, organisation_id: int, limit: int = 50) -> list[PeriodChange]:
    """Months closed, restricted and reopened, the latest first."""
    return queries.period_changes(uow.connection, uow.scope, organisation_id, limit)


def years(uow: UnitOfWork, organisation_id: int) -> list[Year]:
    """Years the organisation keeps books for, the newest first."""
    return queries.years(uow.connection, uow.scope, organisation_id)


def last_month_posted(uow: UnitOfWork, organisation_id: int) -> date | None:
    return queries.last_month_posted(uow.connection, uow.scope, organisation_id)


# ------------------------------------------------------------------------------------------------ commands


def post_entry(uow: UnitOfWork, organisation_id: int, command: PostEntry, *, approved: bool = False) -> Receipt:
    """Post an entry; repeating the command under its key changes nothing.

    Where a second person approves the journal's entries, only one that is ``approved``.

    Raises: Invalid with every fault of every line; ApprovalNeeded, JournalNotKept; others of ``ledger.errors`` where
    the books refuse (closed month …).
    """
    registers = Registers(uow)
    journal = registers.journal(command.journal)
    if journal is None:
        raise Invalid({"journal": rules.JournalUnknown(journal=command.journal)})
    if journal.code in rules.PROGRAM_JOURNALS:
        raise Invalid({"journal": rules.JournalReserved(journal=journal.code)})
    day = command.effective_on
    wanted = [side for _, side in rules.sides(command)]
    named = {(d, code) for s in wanted for d, code in s.dimensions.items() if code}
    chart = registers.accounts({s.account for s in wanted}, day)
    unknown = registers.unknown(named, day)
    content = content_of(command)
    try:
        if not approved and registers.needs_approval(organisation_id, journal.id):
            raise ApprovalNeeded(journal=journal.code)
        if not registers.is_kept(organisation_id, journal.code, day):
            raise JournalNotKept(journal=journal.code, day=day.isoformat())
        checked = rules.check_entry(command, chart, unknown, registers.minor_units(named))
    except (Invalid, ApprovalNeeded, JournalNotKept):
        registers.confirm()
        if posted := ledger.posted_before(uow.connection, organisation_id, command.key, content):
            return Receipt(posted)  # it was right when it was posted
        raise
    ids = registers.subaccounts(organisation_id, [side.key for side in checked])
    entry = JournalEntry(
        organisation_id=organisation_id,
        key=command.key,
        journal_id=journal.id,
        effective_on=day,
        memo=command.memo,
        postings=rules.postings(command, checked, ids),
        document_number=command.document_number,
        document_on=command.document_on,
        content=content,
    )
    return uow.post(entry, edition=registers.edition)


def registered(uow: UnitOfWork, postings: Collection[PostingInput], on: date) -> rules.Registered:
    """What the registers say just now, on a day, of the sides of some postings."""
    wanted = [side for posting in postings for side in (posting.debit, posting.credit)]
    named = {(dimension, code) for side in wanted for dimension, code in side.dimensions.items() if code}
    codes = sorted({side.account for side in wanted})
    return rules.Registered(
        queries.accounts_by_code(uow.connection, uow.scope, codes, on),
        values.unknown(uow, named, day=on),
        values.minor_units(uow, named),
    )


def head_faults(uow: UnitOfWork, organisation_id: int, code: str, day: date | None) -> rules.Faults:
    """What the books would refuse of an entry for its journal and its day; nothing of a day that is not known."""
    faults = rules.Faults()
    found = next((journal for journal in journals(uow) if journal.code == code), None)
    if found is None:
        faults["journal"] = rules.JournalUnknown(journal=code)
    elif code in rules.PROGRAM_JOURNALS:
        faults["journal"] = rules.JournalReserved(journal=code)
    if day is not None:
        month = day.replace(day=1)
        state = next((kept.state for kept in months(uow, organisation_id) if kept.month == month), None)
        may_adjust = organisation_id in uow.scope.adjusts or code in journals_to_approve(uow, organisation_id)
        if state is None:
            faults["effective_on"] = PeriodNotOpened(month=month_string(month))
        elif state == PeriodState.CLOSED:
            faults["effective_on"] = PeriodClosed(month=month_string(month))
        elif state == PeriodState.RESTRICTED and not may_adjust:
            faults["effective_on"] = PeriodRestricted(month=month_string(month))
    return faults


def content_of(command: PostEntry) -> bytes:
    """SHA-256 of what the command says, its key apart, whatever the order of its dimensions."""
    said = command.model_dump(mode="json", exclude={"key"}, exclude_defaults=True)
    return sha256(json.dumps(said, sort_keys=True).encode()).digest()


def storno_entry(uow: UnitOfWork, organisation_id: int, entry_id: int, command: StornoEntry) -> Receipt:
    """Cancel an entry by the same correspondence with negative amounts.  Raises: as ``correct_entry``."""
    return correct_entry(uow, organisation_id, entry_id, CorrectEntry(**command.model_dump()))


def correct_entry(
    uow: UnitOfWork, organisation_id: int, entry_id: int, command: CorrectEntry, *, approved: bool = False
) -> Receipt:
    """Cancel an entry by a storno or a reversal; of a closed year, through the result of earlier years.

    Where a second person approves the journal's entries, only by what is ``approved``.

    Raises: EntryUnknown; ApprovalNeeded, AlreadyCorrected, NotCorrectable, ClosingNotCorrectable, NothingToCorrect,
    StornoBeforeEntry, PeriodClosed, PeriodRestricted of ``ledger.errors``.
    """
    head = queries.entry_heads(uow.connection, uow.scope, organisation_id, [entry_id]).get(entry_id)
    if head is None:
        raise rules.EntryUnknown()
    registers = Registers(uow)
    correction = correction_of(organisation_id, entry_id, head.fiscal_year, command)
    if not approved and registers.needs_approval(organisation_id, head.journal_id):
        registers.confirm()
        posted = ledger.posted_before(uow.connection, organisation_id, command.key, ledger.content_hash(correction))
        if posted:
            return Receipt(posted)
        raise ApprovalNeeded(journal=next(j.code for j in journals(uow) if j.id == head.journal_id))
    return uow.post(correction, edition=registers.edition)


def correction_of(organisation_id: int, entry_id: int, fiscal_year: int, command: CorrectEntry) -> Correction:
    """What the ledger is asked for by a command that corrects an entry of ``fiscal_year``."""
    return Correction(
        organisation_id,
        command.key,
        entry_id,
        fiscal_year,
        command.effective_on,
        command.reason,
        EntryKind(command.kind),
    )


def journals_to_approve(uow: UnitOfWork, organisation_id: int) -> frozenset[str]:
    """Codes of the journals whose entries a second person approves today."""
    duties = queries.duties(uow.connection, uow.scope, organisation_id)
    ids = {id_ for id_, spans in duties.items() if any(today() in span for span in spans)}
    return frozenset(j.code for j in journals(uow) if j.id in ids) if ids else frozenset()


def lock_months(uow: UnitOfWork, organisation_id: int) -> None:
    """Let those who set the months of one organisation come one after another, until this is committed."""
    queries.lock_months(uow.connection, uow.scope, organisation_id)


def restrict_month(uow: UnitOfWork, organisation_id: int, month: date) -> None:
    """Leave a month to those who may adjust.  Raises: PeriodNotOpened; ReasonMissing where the month is closed."""
    lock_months(uow, organisation_id)
    ledger.set_period(uow.connection, organisation_id, month, PeriodState.RESTRICTED, uow.scope.actor)


def close_month(uow: UnitOfWork, organisation_id: int, month: date) -> None:
    """Close a month: nothing more is posted into it.  Raises: PeriodNotOpened of ``ledger.errors``."""
    lock_months(uow, organisation_id)
    ledger.set_period(uow.connection, organisation_id, month, PeriodState.CLOSED, uow.scope.actor)


def reopen_month(uow: UnitOfWork, organisation_id: int, month: date, reason: str) -> None:
    """Open a restricted or closed month again.

    Raises: PeriodNotOpened, ReasonMissing, YearIsClosed of ``ledger.errors``.
    """
    lock_months(uow, organisation_id)
    ledger.set_period(uow.connection, organisation_id, month, PeriodState.OPEN, uow.scope.actor, reason)


def close_year(uow: UnitOfWork, organisation_id: int, year: int, key: UUID) -> YearClosed:
    """Close a year whose months are closed; repeating the command under its key changes nothing.

    Revenue and expense come to zero against the result of the year, which the next close carries to earlier years.

    Raises: MonthsNotClosed, EarlierYearOpen, YearAlreadyClosed, PeriodNotOpened, RoleAccountMissing of
    ``ledger.errors``.
    """
    queries.allow_long_statements(uow.connection, uow.scope)
    memos = [memo.format(year=year, earlier=year - 1) for memo in rules.CLOSING_MEMOS]
    journal = _journal(uow, rules.CLOSING_JOURNAL)
    return ledger.close_year(uow.connection, organisation_id, year, key, journal.id, memos, uow.scope.actor)


def reopen_year(uow: UnitOfWork, organisation_id: int, year: int, key: UUID, reason: str) -> YearReopened:
    """Cancel the closing entries of a year; its December is restricted then, the other months stay closed.

    Raises: YearNotClosed, LaterYearClosed, ReasonMissing of ``ledger.errors``.
    """
    queries.allow_long_statements(uow.connection, uow.scope)
    return ledger.reopen_year(uow.connection, organisation_id, year, key, reason, uow.scope.actor)


def _journal(uow: UnitOfWork, code: str) -> Journal:
    for journal in journals(uow):
        if journal.code == code:
            return journal
    raise Invalid({"journal": rules.JournalUnknown(journal=code)})


# ------------------------------------------------------------------------------------------------ views


def entry(uow: UnitOfWork, organisation_id: int, entry_id: int) -> EntryView:
    """A posted entry whole.  Raises: EntryUnknown."""
    return entries_whole(uow, organisation_id, [entry_id])[0]


def entries_whole(uow: UnitOfWork, organisation_id: int, ids: Sequence[int]) -> list[EntryView]:
    """Posted entries whole, in the order asked for.  Raises: EntryUnknown, where one of them is not there."""
    connection, scope = uow.connection, uow.scope
    heads = queries.entry_heads(connection, scope, organisation_id, ids)
    if not heads.keys() >= set(ids):
        raise rules.EntryUnknown()
    postings = queries.postings_of(connection, scope, organisation_id, heads.values())
    sides = {each: [s for r in postings[each] for s in (r.debit, r.credit)] for each in heads}
    chart = {
        a.id: a
        for a in queries.accounts_by_id(connection, scope, {s.account_id for those in sides.values() for s in those})
    }
    named = _namings(uow, [(s.codes, head.effective_on) for head in heads.values() for s in sides[head.id]])
    ends = {
        (c.of_entry_id, c.cancels): CorrectionView(
            c.entry_id, c.fiscal_year, c.number, c.effective_on, c.reason, c.kind, c.through_earlier_years
        )
        for c in queries.corrections_of(connection, scope, organisation_id, ids)
    }
    kept = {journal.id: journal for journal in journals(uow)}

    def whole(head: EntryHead) -> EntryView:
        return EntryView(
            organisation_id=organisation_id,
            id=head.id,
            fiscal_year=head.fiscal_year,
            journal=kept[head.journal_id],
            number=head.number,
            kind=head.kind,
            effective_on=head.effective_on,
            recorded_at=head.recorded_at,
            actor=head.actor or "",
            origin=head.origin or "",
            memo=head.memo,
            document_number=head.document_number,
            document_on=head.document_on,
            source=SourceView(head.source_kind, head.file_name, head.source_line),
            postings=tuple(
                PostingView(
                    r.no,
                    _side(r.debit, chart, named[head.effective_on]),
                    _side(r.credit, chart, named[head.effective_on]),
                    r.amount_tiyn,
                    r.memo,
                )
                for r in postings[head.id]
            ),
            cancelled_by=ends.get((head.id, False)),
            cancels=ends.get((head.id, True)),
        )

    return [whole(heads[each]) for each in ids]


def postings_of(uow: UnitOfWork, command: PostEntry) -> tuple[PostingView, ...]:
    """The lines of a command as its entry would show them; an account not in force that day by its latest edition."""
    day = command.effective_on
    typed = [side for _, side in rules.sides(command) if side.account]
    chart = queries.accounts_by_code(uow.connection, uow.scope, [side.account for side in typed], day)
    if ended := {side.account for side in typed} - chart.keys():
        chart |= queries.latest_editions(uow.connection, uow.scope, ended, MonthSpan.of(day, day))
    wanted = {(dimension, code) for side in typed for dimension, code in side.dimensions.items() if code}
    named, places = values.labels(uow, wanted, day=day), values.minor_units(uow, wanted)
    return tuple(
        PostingView(
            no,
            rules.side_shown(posting.debit, chart, named, places),
            rules.side_shown(posting.credit, chart, named, places),
            posting.amount,
            posting.memo,
        )
        for no, posting in enumerate(command.postings, start=1)
    )


def _side(row: SideRow, chart: Mapping[int, Account], named: "_Naming") -> Side | None:
    """``None`` for the hidden side of a single-sided posting."""
    account = chart[row.account_id]
    if account.is_contra:
        return None
    quantity = rules.quantity(row.quantity_milli)
    return Side(account, named(row.codes), quantity, rules.currency(row.codes, row.currency_minor, named.places))


def entries(
    uow: UnitOfWork, organisation_id: int, narrowed: EntryFilter, cursor: str | None = None, limit: int = 50
) -> Page[EntryRow]:
    """A page of the journal, the newest first.  Raises: CursorMalformed, JournalUnknown."""
    journal_id = None
    if narrowed.journal:
        journal_id = next((j.id for j in journals(uow) if j.code == narrowed.journal), None)
        if journal_id is None:
            raise rules.JournalUnknown(journal=narrowed.journal)
    before = None
    if cursor:
        day, (entry_id,) = _read_cursor(cursor, 1)
        before = (day, entry_id)
    rows = queries.entries(uow.connection, uow.scope, organisation_id, narrowed, journal_id, before, limit + 1)
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(tuple(shown), _cursor(shown[-1].effective_on, shown[-1].id) if more else None)


def trial_balance(
    uow: UnitOfWork,
    organisation_id: int,
    span: MonthSpan | DaySpan,
    *,
    by_dimensions: bool = False,
    closing: bool = True,
    known_at: datetime | None = None,
) -> TrialBalance:
    """Opening balances, turnovers and closing balances of a span, by account or by subaccount.

    Without ``closing`` the span's year-closing entries are left out: revenue and expense as they stood before.
    With ``known_at`` only what was known at that instant counts; ``make_known`` has to have been called for it.

    Raises: NotSealedYet of ``ledger.errors``.
    """
    cut = cut_of(uow, span, closing, known_at)
    if by_dimensions:
        sums = turnovers.sums_by_subaccount(uow.connection, uow.scope, organisation_id, cut)
    else:
        sums = turnovers.sums_by_account(uow.connection, uow.scope, [organisation_id], cut)
    return balanced(uow, sums, span)


def joint_trial_balance(
    uow: UnitOfWork, span: MonthSpan | DaySpan, *, closing: bool = True, known_at: datetime | None = None
) -> TrialBalance:
    """The trial balance, by account, of all the books that may be read, added up and not consolidated.

    Raises: NotSealedYet of ``ledger.errors``.
    """
    cut = cut_of(uow, span, closing, known_at)
    sums = turnovers.sums_by_account(uow.connection, uow.scope, sorted(uow.scope.reads), cut)
    return balanced(uow, sums, span)


def cut_of(uow: UnitOfWork, span: MonthSpan | DaySpan, closing: bool = True, known_at: datetime | None = None) -> Cut:
    """What a report of a span counts.  Raises: NotSealedYet of ``ledger.errors``."""
    return Cut(span, closing, seals.known_at(uow.connection, known_at).xid if known_at else None)


def balanced(uow: UnitOfWork, sums: Sequence[Sums], span: Span) -> TrialBalance:
    """Sums named and laid out in the order of the chart."""
    chart = queries.accounts_with_headings(uow.connection, uow.scope, {s.account_id for s in sums})
    named = _naming(uow, [s.codes for s in sums], span.last_day)
    return rules.trial_balance(sums, chart, named, named.places)


def make_known(uow: UnitOfWork, instant: datetime) -> None:
    """Seal what was recorded through an instant, so that what was known then stays the same for ever.

    Raises: InstantToCome.
    """
    if instant > queries.now(uow.connection, uow.scope):
        raise rules.InstantToCome(instant=f"{instant:%d.%m.%Y %H:%M}")
    newest = seals.newest(uow.connection)
    if newest is None or newest.sealed_at <= instant:
        seals.seal(uow.connection, even_empty=True)


def account_card(
    uow: UnitOfWork,
    organisation_id: int,
    code: str,
    span: MonthSpan,
    cursor: str | None = None,
    limit: int = 100,
    subaccount: int | None = None,
) -> AccountCard:
    """Every posting of an account, or of one subaccount of it, by day, with the balance after each.

    An account is its code: the card holds the postings of all its editions, under the name of the latest.

    Raises: AccountUnknown, SubaccountUnknown, CursorMalformed.
    """
    editions = queries.editions_of_account(uow.connection, uow.scope, code, span)
    if not editions:
        raise rules.AccountUnknown(account=code)
    carded = Carded(tuple(a.id for a in editions), subaccount)
    own_codes: tuple[str, ...] = ()
    if subaccount is not None:
        found = queries.codes_of_subaccount(uow.connection, uow.scope, organisation_id, carded)
        if found is None:
            raise rules.SubaccountUnknown(account=code)
        own_codes = found
    place: CardPlace | None = None
    if cursor:
        day, (entry_id, no, side) = _read_cursor(cursor, 3)
        place = (day, entry_id, no, side)
        if not span.start <= day < span.end:
            raise CursorMalformed()
    opening, turned_debit, turned_credit = queries.sums_of_card(
        uow.connection, uow.scope, organisation_id, carded, span
    )
    rows = queries.card_lines(uow.connection, uow.scope, organisation_id, carded, span, place, limit + 1)
    measured = []
    if any(a.keeps_quantity or Dimension.CURRENCY in a.permitted for a in editions):
        measured = queries.measures_of_card(uow.connection, uow.scope, organisation_id, carded, span)
    named = _naming(uow, [own_codes, *(r.codes for r in rows), *(m.codes for m in measured)], span.last_day)
    quantity, currency = rules.measures_of_card(measured, named.places)
    balance, milli, minor = (
        opening,
        quantity.scaled.opening if quantity else 0,
        currency.scaled.opening if currency else 0,
    )
    if place:
        balance += queries.card_sum_through(uow.connection, uow.scope, organisation_id, carded, span, place)
        if quantity or currency:
            before = queries.card_measures_through(uow.connection, uow.scope, organisation_id, carded, span, place)
            milli, minor = milli + before[0], minor + before[1]
    lines = []
    for r in rows[:limit]:
        sign = 1 if r.side == 0 else -1
        balance += sign * r.amount_tiyn
        milli += sign * (r.quantity_milli or 0)
        minor += sign * (r.currency_minor or 0)
        lines.append(
            CardLine(
                entry_id=r.entry_id,
                fiscal_year=r.fiscal_year,
                no=r.no,
                journal_code=r.journal_code,
                number=r.number,
                kind=r.kind,
                effective_on=r.effective_on,
                memo=r.memo,
                document_number=r.document_number,
                corresponding_account=r.corresponding_account,
                dimensions=named(r.codes),
                debit_tiyn=r.amount_tiyn if r.side == 0 else 0,
                credit_tiyn=r.amount_tiyn if r.side == 1 else 0,
                balance_tiyn=balance,
                quantity=rules.quantity(r.quantity_milli),
                quantity_balance=quantity.at(milli) if quantity else None,
                currency=rules.currency(r.codes, r.currency_minor, named.places),
                currency_balance=currency.at(minor) if currency else None,
            )
        )
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = _cursor(last.effective_on, last.entry_id, last.no, last.side) if last else None
    page = Page(tuple(lines), next_cursor)
    return AccountCard(editions[0], named(own_codes), opening, turned_debit, turned_credit, page, quantity, currency)


class _Naming:
    """Dimension codes of many sides turned into labelled values, all looked up at once."""

    def __init__(self, labels: dict[tuple[Dimension, str], DimensionValue], places: rules.Places) -> None:
        self._labels = labels
        self.places = places

    def __call__(self, codes: tuple[str, ...]) -> tuple[DimensionValue, ...]:
        return tuple(self._labels[d, code] for d, code in zip(Dimension, codes, strict=False) if code)


def _naming(uow: UnitOfWork, codes: Iterable[Sequence[str]], day: date) -> _Naming:
    return _namings(uow, [((), day), *((row, day) for row in codes)])[day]


def _namings(uow: UnitOfWork, sides: Iterable[tuple[Sequence[str], date]]) -> dict[date, _Naming]:
    """Names of the dimension codes of sides, by the day on which each side counts."""
    wanted: dict[date, set[values.Wanted]] = {}
    for codes, day in sides:
        wanted.setdefault(day, set()).update((d, code) for d, code in zip(Dimension, codes, strict=False) if code)
    places = values.minor_units(uow, set[values.Wanted]().union(*wanted.values()))
    return {day: _Naming(labels, places) for day, labels in values.labels_by_day(uow, wanted).items()}


def _cursor(day: date, *numbers: int) -> str:
    return ".".join([f"{day:%Y%m%d}", *map(str, numbers)])


def _read_cursor(cursor: str, numbers: int) -> tuple[date, list[int]]:
    parts = cursor.split(".")
    try:
        day = date.fromisoformat(parts[0])
    except ValueError:
        raise CursorMalformed() from None
    if len(parts) != numbers + 1:
        raise CursorMalformed()
    return day, [number_in(part) for part in parts[1:]]
