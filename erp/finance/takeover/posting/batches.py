"""What opening balances and months share: sides of ours that the ledger knows, and a batch posted under its key."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from erp.base.dates import month_string
from erp.base.uow import UnitOfWork
from erp.finance.journal import queries as journal
from erp.finance.journal import service as journal_service
from erp.finance.journal.rules import JournalUnknown
from erp.finance.takeover import queries as takeovers
from erp.finance.takeover.mapping.desk import Mapped
from erp.finance.takeover.model import File, OurSide
from erp.finance.takeover.posting import queries
from erp.finance.takeover.posting.model import Batch
from erp.finance.takeover.rules import SOURCE
from ledger import service as ledger
from ledger.errors import ApprovalNeeded
from ledger.model import JournalEntry, Source, SubaccountKey


def posted_before(uow: UnitOfWork, organisation_id: int, takeover_id: int, key: UUID) -> Batch | None:
    """The batch of a key, once nobody else posts."""
    takeovers.lock(uow.connection, uow.scope, organisation_id)
    return queries.batch_by_key(uow.connection, uow.scope, organisation_id, takeover_id, key)


def journal_to_post(uow: UnitOfWork, organisation_id: int, code: str) -> int:
    """Id of a journal into which a batch may go.  Raises: ApprovalNeeded, JournalUnknown."""
    if code in journal_service.journals_to_approve(uow, organisation_id):
        raise ApprovalNeeded(journal=code)
    found = next((each.id for each in journal.journals(uow.connection, uow.scope) if each.code == code), None)
    if found is None:
        raise JournalUnknown(journal=code)
    return found


def interned(desk: Mapped, sides: Iterable[OurSide]) -> dict[OurSide, int]:
    """Ids of our sides, asked in one order by all."""
    ordered = sorted(set(sides), key=lambda side: (desk.chart[side.account].id, side.codes))
    keys = [SubaccountKey(desk.chart[side.account].id, side.codes) for side in ordered]
    found = ledger.intern_subaccounts(desk.uow.connection, desk.organisation_id, keys)
    return dict(zip(ordered, found, strict=True))


def post(
    desk: Mapped, kind: str, file: File, month: date, key: UUID, entries: Iterable[JournalEntry], rows_left: int = 0
) -> Batch:
    """Post entries of a file in one batch, and keep a record of it."""
    uow = desk.uow
    posted = ledger.post_many(
        uow.connection, desk.organisation_id, key, entries, uow.scope.actor, Source(SOURCE, file.id)
    )
    desk.ask(
        queries.insert_batch,
        {"file_id": file.id, "kind": kind, "month": month, "key": key, "entries": posted.entries,
         "postings": posted.postings, "amount_tiyn": posted.amount_tiyn, "rows_left": rows_left},
    )  # fmt: skip
    desk.record(
        f"takeover-{kind}-posted", month=month_string(month), entries=posted.entries, postings=posted.postings,
        rows=rows_left,
    )  # fmt: skip
    made = desk.ask(queries.batch_by_key, key)
    assert made is not None
    return made
