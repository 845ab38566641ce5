"""Use cases of the journal.  Each runs inside the caller's unit of work."""

from collections.abc import Iterable, Sequence
from datetime import date

from erp.base import audit
from erp.base.dates import MonthSpan, month_string
from erp.base.errors import Invalid, RuleViolated
from erp.base.uow import Receipt, UnitOfWork
from erp.finance.journal import queries, rules, values
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
    PostingView,
    Side,
    SourceView,
    TrialBalance,
)
from erp.finance.journal.queries import Carded, CardPlace
from erp.finance.journal.schemas import PostEntry, StornoEntry
from ledger import service as ledger
from ledger.model import Dimension, JournalEntry, Posting, Storno


class CursorMalformed(RuleViolated):
    code = "cursor-malformed"
    template = "The page address is damaged. Start again from the first page."


# ------------------------------------------------------------------------------------------------ registers


def accounts(uow: UnitOfWork, on: date) -> list[Account]:
    """The chart of accounts on a day."""
    return queries.accounts_in_force(uow.connection, uow.scope, on)


def search_accounts(uow: UnitOfWork, words: str, on: date, limit: int = 20) -> list[Account]:
    """Postable accounts by code or by name in any language, the closest first."""
    return queries.search_accounts(uow.connection, uow.scope, words.strip(), on, limit)


def search_values(
    uow: UnitOfWork, dimension: Dimension, words: str, *, on: date, language: str, limit: int = 20
) -> list[DimensionValue]:
    """Values of a dimension by code or by name in any language; none where no register keeps them."""
    return values.search(uow, dimension, words.strip(), day=on, language=language, limit=limit)


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


def last_month_posted(uow: UnitOfWork, organisation_id: int) -> date | None:
    return queries.last_month_posted(uow.connection, uow.scope, organisation_id)


# ------------------------------------------------------------------------------------------------ commands


def post_entry(uow: UnitOfWork, organisation_id: int, command: PostEntry) -> Receipt:
    """Post an entry; repeating the command under its key changes nothing.

    Raises: Invalid with every fault of every line; ``ledger.errors`` where the books refuse (closed month …).
    """
    journal = _journal(uow, command.journal)
    if journal.code in rules.PROGRAM_JOURNALS:
        raise Invalid({"journal": rules.JournalReserved(journal=journal.code)})
    wanted = [side for _, side in rules.sides(command)]
    chart = queries.accounts_by_code(uow.connection, uow.scope, [s.account for s in wanted], command.effective_on)
    named = {(d, code) for s in wanted for d, code in s.dimensions.items() if code}
    unknown = values.unknown(uow, named, day=command.effective_on)
    keys = rules.check_entry(command, chart, unknown)
    ids = ledger.intern_subaccounts(uow.connection, organisation_id, keys)
    postings = tuple(
        Posting(debit, credit, p.amount, p.memo or None)
        for p, debit, credit in zip(command.postings, ids[::2], ids[1::2], strict=True)
    )
    return uow.post(
        JournalEntry(
            organisation_id=organisation_id,
            key=command.key,
            journal_id=journal.id,
            effective_on=command.effective_on,
            memo=command.memo,
            postings=postings,
            document_number=command.document_number,
            document_on=command.document_on,
        )
    )


def storno_entry(uow: UnitOfWork, organisation_id: int, entry_id: int, command: StornoEntry) -> Receipt:
    """Cancel an entry by the same correspondence with negative amounts.

    Raises: EntryUnknown; AlreadyCorrected, NotCorrectable, StornoBeforeEntry, PeriodClosed of ``ledger.errors``.
    """
    head = queries.entry_head(uow.connection, uow.scope, organisation_id, entry_id)
    if head is None:
        raise rules.EntryUnknown()
    return uow.post(
        Storno(organisation_id, command.key, entry_id, head.fiscal_year, command.effective_on, command.reason)
    )


def close_month(uow: UnitOfWork, organisation_id: int, month: date) -> None:
    """Close a month: nothing more is posted into it.  Raises: PeriodNotOpened of ``ledger.errors``."""
    ledger.close_period(uow.connection, organisation_id, month, uow.scope.actor)
    _record_period(uow, "month-closed", organisation_id, month)


def reopen_month(uow: UnitOfWork, organisation_id: int, month: date) -> None:
    """Open a closed month again.  Raises: PeriodNotOpened of ``ledger.errors``."""
    ledger.reopen_period(uow.connection, organisation_id, month, uow.scope.actor)
    _record_period(uow, "month-reopened", organisation_id, month)


def _record_period(uow: UnitOfWork, action: str, organisation_id: int, month: date) -> None:
    subject = f"month:{month_string(month)}"
    audit.record(uow.connection, uow.scope, action, subject, organisation_id=organisation_id)


def _journal(uow: UnitOfWork, code: str) -> Journal:
    for journal in journals(uow):
        if journal.code == code:
            return journal
    raise Invalid({"journal": rules.JournalUnknown(journal=code)})


# ------------------------------------------------------------------------------------------------ views


def entry(uow: UnitOfWork, organisation_id: int, entry_id: int) -> EntryView:
    """A posted entry whole.  Raises: EntryUnknown."""
    head = queries.entry_head(uow.connection, uow.scope, organisation_id, entry_id)
    if head is None:
        raise rules.EntryUnknown()
    rows = queries.postings_of(uow.connection, uow.scope, organisation_id, head.fiscal_year, entry_id)
    chart = {
        a.id: a
        for a in queries.accounts_by_id(
            uow.connection, uow.scope, {s.account_id for r in rows for s in (r.debit, r.credit)}
        )
    }
    named = _naming(uow, [s.codes for r in rows for s in (r.debit, r.credit)], head.effective_on)
    corrections = queries.corrections_of(uow.connection, uow.scope, organisation_id, entry_id)
    ends = {c.cancels: CorrectionView(c.entry_id, c.fiscal_year, c.number, c.reason) for c in corrections}
    return EntryView(
        organisation_id=organisation_id,
        id=head.id,
        fiscal_year=head.fiscal_year,
        journal=next(j for j in journals(uow) if j.id == head.journal_id),
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
                Side(chart[r.debit.account_id], named(r.debit.codes)),
                Side(chart[r.credit.account_id], named(r.credit.codes)),
                r.amount_tiyn,
                r.memo,
            )
            for r in rows
        ),
        cancelled_by=ends.get(False),
        cancels=ends.get(True),
    )


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
    uow: UnitOfWork, organisation_id: int, span: MonthSpan, *, by_dimensions: bool = False
) -> TrialBalance:
    """Opening balances, turnovers and closing balances of whole months, by account or by subaccount."""
    if by_dimensions:
        sums = queries.sums_by_subaccount(uow.connection, uow.scope, organisation_id, span)
    else:
        sums = queries.sums_by_account(uow.connection, uow.scope, [organisation_id], span)
    chart = queries.accounts_with_headings(uow.connection, uow.scope, {s.account_id for s in sums})
    return rules.trial_balance(sums, chart, _naming(uow, [s.codes for s in sums], span.last_day))


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
    balance = opening
    if place:
        balance += queries.card_sum_through(uow.connection, uow.scope, organisation_id, carded, span, place)
    named = _naming(uow, [own_codes, *(r.codes for r in rows)], span.last_day)
    lines = []
    for r in rows[:limit]:
        debit, credit = (r.amount_tiyn, 0) if r.side == 0 else (0, r.amount_tiyn)
        balance += debit - credit
        lines.append(
            CardLine(
                r.entry_id,
                r.fiscal_year,
                r.no,
                r.journal_code,
                r.number,
                r.kind,
                r.effective_on,
                r.memo,
                r.document_number,
                r.corresponding_account,
                named(r.codes),
                debit,
                credit,
                balance,
            )
        )
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = _cursor(last.effective_on, last.entry_id, last.no, last.side) if last else None
    return AccountCard(
        editions[0], named(own_codes), opening, turned_debit, turned_credit, Page(tuple(lines), next_cursor)
    )


class _Naming:
    """Dimension codes of many sides turned into labelled values, all looked up at once."""

    def __init__(self, labels: dict[tuple[Dimension, str], DimensionValue]) -> None:
        self._labels = labels

    def __call__(self, codes: tuple[str, ...]) -> tuple[DimensionValue, ...]:
        return tuple(self._labels[d, code] for d, code in zip(Dimension, codes, strict=False) if code)


def _naming(uow: UnitOfWork, codes: Iterable[Sequence[str]], day: date) -> _Naming:
    wanted = {(d, code) for row in codes for d, code in zip(Dimension, row, strict=False) if code}
    return _Naming(values.labels(uow, wanted, day=day))


def _cursor(day: date, *numbers: int) -> str:
    return ".".join([f"{day:%Y%m%d}", *map(str, numbers)])


def _read_cursor(cursor: str, numbers: int) -> tuple[date, list[int]]:
    parts = cursor.split(".")
    try:
        day = date.fromisoformat(parts[0])
        rest = [int(p) for p in parts[1:]]
    except ValueError:
        raise CursorMalformed() from None
    if len(rest) != numbers:
        raise CursorMalformed()
    return day, rest
