"""Opening balances: of the trial balance that begins on the day of the takeover, all or nothing."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid5

from erp.base.dates import day_string, month_string
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.finance.journal import queries as journal
from erp.finance.takeover import queries as takeovers
from erp.finance.takeover.mapping.desk import NOWHERE, Mapped
from erp.finance.takeover.model import File, Kind, OurSide
from erp.finance.takeover.posting import queries, rules
from erp.finance.takeover.posting.batches import interned, journal_to_post, post, posted_before
from erp.finance.takeover.posting.model import Batch, FaultyBalance, Opening
from erp.finance.takeover.rules import SOURCE
from ledger.model import Correction, EntryKind, JournalEntry, Posting, Source


def opening(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Opening:
    """What the books would begin with.  Raises: TakeoverUnknown, OpeningMissing."""
    return _opening(Mapped.of(uow, organisation_id, takeover_id))


def _opening(desk: Mapped) -> Opening:
    file = _file(desk)
    rows = queries.opening_rows(desk.uow.connection, desk.uow.scope, desk.organisation_id, file.id)
    placed, wrong = desk.placed({desk.sides[row.side_id] for row in rows if row.tiyn}, desk.day)
    sums: dict[OurSide, int] = {}
    quantities: dict[OurSide, int] = {}
    currencies: dict[OurSide, int] = {}
    faults = []
    debit = credit = 0
    for row in rows:
        side = desk.sides[row.side_id]
        if not row.off_balance:
            debit, credit = debit + max(row.tiyn, 0), credit + max(-row.tiyn, 0)
        if side in wrong and row.tiyn:
            faults.append(FaultyBalance(side, row.tiyn, wrong[side]))
        elif row.tiyn:
            ours = placed[side]
            sums[ours] = sums.get(ours, 0) + row.tiyn
            if row.quantity_milli is not None and desk.chart[ours.account].keeps_quantity:
                quantities[ours] = quantities.get(ours, 0) + row.quantity_milli
            if row.currency_minor is not None and ours.keeps_currency:
                currencies[ours] = currencies.get(ours, 0) + row.currency_minor
    return Opening(file, sums, quantities, currencies, tuple(faults), posted(desk), debit, credit)


def _file(desk: Mapped) -> File:
    for file in desk.files_of(Kind.BALANCE):
        if file.first_on == desk.day:
            return file
    raise rules.OpeningMissing(day=day_string(desk.day))


def posted(desk: Mapped) -> Batch | None:
    """The opening balances as they were posted and not taken back."""
    found = [batch for batch in desk.ask(queries.batches) if batch.kind != "month"]
    return found[-1] if found and found[-1].kind == "opening" else None


def post_opening(uow: UnitOfWork, organisation_id: int, takeover_id: int, key: UUID) -> Batch:
    """Post the opening balances, all or nothing, and hold the ledger against the file; repeating it changes nothing.

    Raises: TakeoverUnknown, TakeoverEnded, OpeningMissing, OpeningNotBalanced, OpeningPosted, OpeningImpossible,
    NotTied; ApprovalNeeded, PeriodNotOpened, PeriodClosed, PeriodRestricted of ``ledger.errors``.
    """
    if before := posted_before(uow, organisation_id, takeover_id, key):
        return before
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    journal.allow_long_statements(uow.connection, uow.scope)
    planned = _opening(desk)
    _require_whole(planned)
    postings = _postings(desk, planned)
    if not postings:
        raise rules.NothingToPost(month=month_string(desk.day))
    before_tiyn = queries.opened(uow.connection, uow.scope, organisation_id, desk.day)
    journal_id = journal_to_post(uow, organisation_id, rules.OPENING_JOURNAL)
    memo = rules.MEMO_OPENING.format(program=desk.takeover.source_program)
    source = Source(SOURCE, planned.file.id, planned.file.head_row)
    entries = [
        JournalEntry(
            organisation_id, uuid5(key, str(start)), journal_id, desk.day, memo,
            tuple(postings[start : start + rules.MOST_POSTINGS]), EntryKind.OPENING, source=source,
        )
        for start in range(0, len(postings), rules.MOST_POSTINGS)
    ]  # fmt: skip
    batch = post(desk, "opening", planned.file, desk.day, key, entries)
    _tie(desk, before_tiyn, planned.balances)
    return batch


def _require_whole(planned: Opening) -> None:
    if planned.posted is not None:
        raise rules.OpeningPosted()
    if planned.debit_tiyn != planned.credit_tiyn:
        debit, credit = (decimal_string(tiyn) for tiyn in (planned.debit_tiyn, planned.credit_tiyn))
        raise rules.OpeningNotBalanced(file=planned.file.name, debit=debit, credit=credit)
    if planned.faults:
        raise rules.OpeningImpossible(faults=len(planned.faults))


def _postings(desk: Mapped, planned: Opening) -> list[Posting]:
    """Debit balances against credit balances; off the balance each against the contra account."""
    ids = interned(desk, planned.balances)

    def balances(off_balance: bool) -> list[rules.Balance]:
        return [
            rules.Balance(ids[side], tiyn, planned.quantities.get(side), planned.currencies.get(side))
            for side, tiyn in planned.balances.items()
            if desk.chart[side.account].is_off_balance == off_balance and tiyn
        ]

    postings = rules.opening_postings(balances(False))
    if off := balances(True):
        postings += rules.opening_postings(off, interned(desk, [NOWHERE])[NOWHERE])
    return postings


def _tie(desk: Mapped, before: Mapping[str, int], balances: Mapping[OurSide, int]) -> None:
    """Hold what the ledger has taken against what the file says, account by account.  Raises: NotTied."""
    expected = Counter[str]()
    for side, tiyn in balances.items():
        expected[side.account] += tiyn
    after = queries.opened(desk.uow.connection, desk.uow.scope, desk.organisation_id, desk.day)
    for account in sorted(expected.keys() | after.keys()):
        found = after.get(account, 0) - before.get(account, 0)
        if found != expected[account]:
            raise rules.NotTied(
                account=account, found=decimal_string(found), expected=decimal_string(expected[account])
            )


def take_back_opening(uow: UnitOfWork, organisation_id: int, takeover_id: int, key: UUID) -> int:
    """Cancel the posted opening balances by storno on their day, so that they can be posted anew; how many entries.

    Repeating it under its key changes nothing.

    Raises: TakeoverUnknown, TakeoverEnded, OpeningNotPosted; PeriodClosed, PeriodRestricted of ``ledger.errors``.
    """
    if before := posted_before(uow, organisation_id, takeover_id, key):
        return before.entries
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    batch = posted(desk)
    if batch is None:
        raise rules.OpeningNotPosted()
    entries = [
        entry
        for entry in takeovers.entries_of_file(
            uow.connection, uow.scope, organisation_id, batch.file_id, desk.day, desk.day + timedelta(days=1)
        )
        if entry.kind == EntryKind.OPENING.value
    ]
    for entry in entries:
        again = uuid5(key, str(entry.entry_id))
        memo = rules.MEMO_TAKEN_BACK
        uow.post(Correction(organisation_id, again, entry.entry_id, entry.fiscal_year, desk.day, memo))
    desk.ask(
        queries.insert_batch,
        {"file_id": batch.file_id, "kind": "taken-back", "month": desk.day, "key": key, "entries": len(entries),
         "postings": batch.postings, "amount_tiyn": batch.amount_tiyn, "rows_left": 0},
    )  # fmt: skip
    desk.record("takeover-opening-taken-back", entries=len(entries))
    return len(entries)
