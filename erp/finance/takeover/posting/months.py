"""Entries of a month: each document whole, or whole with the reason why not."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID, uuid5

from erp.base.dates import MonthSpan, month_string
from erp.base.uow import UnitOfWork
from erp.finance.journal import queries as journal
from erp.finance.takeover.files.model import PostingRow, Unread
from erp.finance.takeover.mapping.desk import Mapped
from erp.finance.takeover.model import File, Kind, OurSide, Side
from erp.finance.takeover.posting import queries, rules
from erp.finance.takeover.posting.batches import interned, journal_to_post, post, posted_before
from erp.finance.takeover.posting.model import Batch, MonthLine, MonthPlan, Refused
from erp.finance.takeover.rules import SOURCE
from ledger.model import JournalEntry, Posting, Source


def months(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> list[MonthLine]:
    """Months of their journals, with how much is here.  Raises: TakeoverUnknown."""
    return Mapped.of(uow, organisation_id, takeover_id).ask(queries.months)


def month_plan(uow: UnitOfWork, organisation_id: int, takeover_id: int, month: date) -> MonthPlan:
    """What would be posted of a month and what would stay.  Raises: TakeoverUnknown, MonthMissing."""
    return _plan(Mapped.of(uow, organisation_id, takeover_id), month)


def _plan(desk: Mapped, month: date) -> MonthPlan:
    uow, span = desk.uow, MonthSpan.of(month, month)
    file = _file(desk, span)
    rows = queries.rows_of_month(uow.connection, uow.scope, desk.organisation_id, file.id, span.start, span.end)
    placed, wrong = desk.placed({side for row in rows for side in (row.debit, row.credit)}, span.last_day)
    closed = _closed(desk, span.start)
    documents: dict[int, list[PostingRow]] = {}
    refused: dict[int, list[Refused]] = {}
    for row in rows:
        documents.setdefault(row.document_row, []).append(row)
        if faults := [Refused(row, *fault) for fault in _faults(desk, row, closed, placed, wrong)]:
            refused[row.row_no] = faults
    posted = []
    for first, document in documents.items():
        if any(row.row_no in refused for row in document):
            for row in document:
                refused.setdefault(row.row_no, [Refused(row, "", rules.DocumentRefused(place=f"A{first}"))])
        else:
            posted.append(tuple(document))
    told = tuple(fault for row_no in sorted(refused) for fault in refused[row_no])
    return MonthPlan(file, span.start, tuple(posted), placed, told)


def _file(desk: Mapped, span: MonthSpan) -> File:
    for file in desk.files_of(Kind.JOURNAL):
        if file.span.start <= span.start < file.span.end:
            return file
    raise rules.MonthMissing(month=month_string(span.start))


def _closed(desk: Mapped, month: date) -> Exception | None:
    """Why nothing can be posted into a month."""
    uow = desk.uow
    states = {m.month: m.state for m in journal.months(uow.connection, uow.scope, desk.organisation_id)}
    return rules.period_fault(month, states.get(month), desk.organisation_id in uow.scope.adjusts)


def _faults(
    desk: Mapped,
    row: PostingRow,
    closed: Exception | None,
    placed: Mapping[Side, OurSide],
    wrong: Mapping[Side, Exception],
) -> Iterator[tuple[str, Exception | Unread]]:
    """Why a row cannot be posted, each with the side it is about."""
    faulty = [(column, wrong[side]) for column, side in (("debit", row.debit), ("credit", row.credit)) if side in wrong]
    if row.unread is not None:
        yield "", row.unread
    elif closed is not None:
        yield "", closed
    elif faulty:
        yield from faulty
    else:
        assert row.amount_tiyn is not None
        debit, credit = placed[row.debit], placed[row.credit]
        charted = desk.chart[debit.account], desk.chart[credit.account]
        if fault := rules.pair_fault(*charted, debit == credit, row.amount_tiyn):
            yield "", fault


def post_month(uow: UnitOfWork, organisation_id: int, takeover_id: int, month: date, key: UUID) -> Batch:
    """Post every document of a month that can be posted, in one batch; repeating it under its key changes nothing.

    Documents whose entries were cancelled can be posted again, as what was decided says now.

    Raises: TakeoverUnknown, TakeoverEnded, MonthMissing, NothingToPost; ApprovalNeeded of ``ledger.errors``.
    """
    if before := posted_before(uow, organisation_id, takeover_id, key):
        return before
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    journal.allow_long_statements(uow.connection, uow.scope)
    plan = _plan(desk, month)
    if not plan.documents:
        raise rules.NothingToPost(month=month_string(month))
    journal_id = journal_to_post(uow, organisation_id, rules.JOURNAL)
    used = {plan.sides[side] for document in plan.documents for row in document for side in (row.debit, row.credit)}
    ids = interned(desk, used)
    entries = [_entry(desk, plan, document, ids, journal_id, key) for document in plan.documents]
    return post(desk, "month", plan.file, plan.month, key, entries, plan.rows_left)


def _entry(
    desk: Mapped,
    plan: MonthPlan,
    document: Sequence[PostingRow],
    ids: Mapping[OurSide, int],
    journal_id: int,
    key: UUID,
) -> JournalEntry:
    head = document[0]
    assert head.on is not None
    memo = desk.repaired(head.memo or head.document) or plan.file.name
    return JournalEntry(
        organisation_id=desk.organisation_id,
        key=uuid5(key, str(head.document_row)),
        journal_id=journal_id,
        effective_on=head.on,
        memo=memo,
        postings=tuple(_posting(desk, plan, row, ids, memo) for row in document),
        document_number=head.document_number,
        document_on=head.document_on,
        source=Source(SOURCE, plan.file.id, head.document_row),
    )


def _posting(desk: Mapped, plan: MonthPlan, row: PostingRow, ids: Mapping[OurSide, int], memo: str) -> Posting:
    assert row.amount_tiyn is not None
    debit, credit = plan.sides[row.debit], plan.sides[row.credit]
    said = desk.repaired(row.memo)

    def kept(side: OurSide, quantity: int | None, currency: int | None) -> tuple[int | None, int | None]:
        keeps_quantity = desk.chart[side.account].keeps_quantity
        return quantity if keeps_quantity else None, currency if side.keeps_currency else None

    debit_quantity, debit_currency = kept(debit, row.debit_quantity_milli, row.debit_currency_minor)
    credit_quantity, credit_currency = kept(credit, row.credit_quantity_milli, row.credit_currency_minor)
    return Posting(
        ids[debit], ids[credit], row.amount_tiyn, said if said != memo else None,
        debit_quantity, credit_quantity, debit_currency, credit_currency,
    )  # fmt: skip
