"""The kernel's only way in: each function is one call of a database function inside the caller's transaction.

The caller has set ``qazyna.reads`` and ``qazyna.writes`` in the transaction (``erp.base.uow`` does).  Refusals of
the database surface as the leaves of ``ledger.errors``.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ledger import errors
from ledger.model import Actor, Dimension, JournalEntry, Posted, PostedBatch, Source, Storno, SubaccountKey
from ledger.tables import stage

_SLUGS = [d.slug for d in Dimension]

_INTERN = text(
    "SELECT ledger_intern_subaccounts(:organisation, CAST(:account AS int[]), "
    + ", ".join(f"CAST(:{slug} AS text[])" for slug in _SLUGS)
    + ")"
)

_POST = text("""
    SELECT entry_id, fiscal_year, number, is_new
      FROM ledger_post_entry(:organisation, :key, :hash, CAST(:journal AS smallint), :kind, :on, :actor, :origin, :memo,
               :document_number, :document_on, :source_kind, :source_id, :source_line,
               CAST(:debit AS int[]), CAST(:credit AS int[]), CAST(:amount AS bigint[]), CAST(:line_memo AS text[]),
               CAST(:debit_quantity AS bigint[]), CAST(:credit_quantity AS bigint[]),
               CAST(:debit_currency AS bigint[]), CAST(:credit_currency AS bigint[]))
""")

_STORNO = text("""
    SELECT entry_id, fiscal_year, number, is_new
      FROM ledger_storno(:organisation, :key, :hash, :entry, :entry_year, :on, :actor, :origin, :reason)
""")

_LOCK_BALANCES = text("""
    SELECT ledger_lock_balances(:organisation, CAST(:sides AS int[]), CAST(:months AS date[]),
                                CAST(:kinds AS smallint[]), CAST(:cancelled AS bigint[]), CAST(:cancelled_in AS date[]))
""")

_POST_BATCH = text("""
    SELECT entries, postings, amount_tiyn, is_new
      FROM ledger_post_batch(:organisation, :batch, :key, :hash, :actor, :origin, :source_kind, :source_id)
""")

_STAGE_COLUMNS = [c.name for c in stage.columns if c.name not in ("batch", "row_no")]


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the database's refusals into ``LedgerError``; anything else passes unchanged."""
    try:
        yield
    except DBAPIError as error:
        refusal = refusal_in(error)
        if refusal is None:
            raise
        raise refusal from error


@contextmanager
def _as_sqlalchemy(statement: str) -> Iterator[None]:
    """COPY goes past SQLAlchemy; let its errors come out as if it did not."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error) from error


def refusal_in(error: DBAPIError) -> errors.LedgerError | None:
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is None:
        return None
    return errors.from_database(diagnosis.sqlstate, diagnosis.message_detail, diagnosis.constraint_name)


def intern_subaccounts(connection: Connection, organisation_id: int, keys: Sequence[SubaccountKey]) -> list[int]:
    """Ids of the subaccounts, in the order asked; new ones are made.

    Raises: AccountNotPostable, DimensionMissing, DimensionNotPermitted, ForeignOrganisation.
    """
    if not keys:
        return []
    columns = {slug: [key.codes[i] for key in keys] for i, slug in enumerate(_SLUGS)}
    parameters = {"organisation": organisation_id, "account": [k.account_id for k in keys], **columns}
    with refusals():
        return list(connection.execute(_INTERN, parameters).scalar_one())


def post_entry(connection: Connection, entry: JournalEntry, actor: Actor) -> Posted:
    """Post one entry; the same key with the same content returns the first result.

    Raises: any leaf of ``ledger.errors`` but the storno's.
    """
    postings = entry.postings
    parameters: dict[str, Any] = {
        "organisation": entry.organisation_id,
        "key": entry.key,
        "hash": content_hash(entry),
        "journal": entry.journal_id,
        "kind": entry.kind.value,
        "on": entry.effective_on,
        "actor": actor.id,
        "origin": actor.origin,
        "memo": entry.memo,
        "document_number": entry.document_number,
        "document_on": entry.document_on,
        "source_kind": entry.source.kind,
        "source_id": entry.source.id,
        "source_line": entry.source.line,
        "debit": [p.debit_id for p in postings],
        "credit": [p.credit_id for p in postings],
        "amount": [p.amount_tiyn for p in postings],
        "line_memo": _sparse([p.memo for p in postings]),
        "debit_quantity": _sparse([p.debit_quantity_milli for p in postings]),
        "credit_quantity": _sparse([p.credit_quantity_milli for p in postings]),
        "debit_currency": _sparse([p.debit_currency_minor for p in postings]),
        "credit_currency": _sparse([p.credit_currency_minor for p in postings]),
    }
    with refusals():
        return Posted(*connection.execute(_POST, parameters).one())


def storno(connection: Connection, command: Storno, actor: Actor) -> Posted:
    """Cancel an entry, at most once; the original stays as it is.

    Raises: UnknownEntry, AlreadyCorrected, NotCorrectable, StornoBeforeEntry, PeriodClosed, PeriodNotOpened.
    """
    with refusals():
        row = connection.execute(
            _STORNO,
            {
                "organisation": command.organisation_id,
                "key": command.key,
                "hash": content_hash(command),
                "entry": command.entry_id,
                "entry_year": command.fiscal_year,
                "on": command.effective_on,
                "actor": actor.id,
                "origin": actor.origin,
                "reason": command.reason,
            },
        ).one()
    return Posted(*row)


def lock_balances(connection: Connection, organisation_id: int, entries: Sequence[JournalEntry | Storno]) -> None:
    """Take, in key order, the balance rows that several entries of one command will add to."""
    keys = sorted(
        {
            (side, entry.effective_on.replace(day=1), entry.kind.balance_kind)
            for entry in entries
            if isinstance(entry, JournalEntry)
            for posting in entry.postings
            for side in (posting.debit_id, posting.credit_id)
        }
    )
    stornos = [entry for entry in entries if isinstance(entry, Storno)]
    with refusals():
        connection.execute(
            _LOCK_BALANCES,
            {
                "organisation": organisation_id,
                "sides": [side for side, _, _ in keys],
                "months": [month for _, month, _ in keys],
                "kinds": [kind for _, _, kind in keys],
                "cancelled": [storno.entry_id for storno in stornos],
                "cancelled_in": [storno.effective_on.replace(day=1) for storno in stornos],
            },
        )


def post_many(
    connection: Connection,
    organisation_id: int,
    key: UUID,
    entries: Iterable[JournalEntry],
    actor: Actor,
    source: Source,
) -> PostedBatch:
    """Post a stream of one organisation's entries in bounded memory, all or nothing, under one key.

    Entries keep their own journals and kinds; their own keys and sources are not used.

    Raises: as ``post_entry``.
    """
    batch, digest = uuid4(), sha256()
    driver = connection.connection.driver_connection
    assert driver is not None
    copy = f"COPY ledger_stage (batch, row_no, {', '.join(_STAGE_COLUMNS)}) FROM STDIN"
    with refusals(), _as_sqlalchemy(copy), driver.cursor() as cursor, cursor.copy(copy) as rows:
        row_no = 0
        for entry_no, entry in enumerate(entries, start=1):
            assert entry.organisation_id == organisation_id, "a batch is one organisation's"
            if not entry.postings:
                raise errors.NoPostings()
            for no, p in enumerate(entry.postings, start=1):
                row_no += 1
                row = (
                    entry_no, no, entry.journal_id, entry.kind.value, entry.effective_on, entry.memo,
                    entry.document_number, entry.document_on, entry.source.line, p.debit_id, p.credit_id,
                    p.amount_tiyn, p.memo, p.debit_quantity_milli, p.credit_quantity_milli,
                    p.debit_currency_minor, p.credit_currency_minor,
                )  # fmt: skip
                digest.update(repr(row).encode())
                rows.write_row((batch, row_no, *row))
    with refusals():
        result = connection.execute(
            _POST_BATCH,
            {
                "organisation": organisation_id,
                "batch": batch,
                "key": key,
                "hash": digest.digest(),
                "actor": actor.id,
                "origin": actor.origin,
                "source_kind": source.kind,
                "source_id": source.id,
            },
        ).one()
    return PostedBatch(result.entries, result.postings, int(result.amount_tiyn), result.is_new)


def open_books(connection: Connection, organisation_id: int, first: date, last: date, actor: Actor) -> int:
    """Open the months from that of ``first`` through that of ``last``; returns how many were new."""
    with refusals():
        return int(
            connection.execute(
                text("SELECT ledger_open_books(:organisation, :first, :last, :actor)"),
                {"organisation": organisation_id, "first": first, "last": last, "actor": actor.id},
            ).scalar_one()
        )


def close_period(connection: Connection, organisation_id: int, month: date, actor: Actor) -> None:
    """Close a month, waiting for postings under way in it.  Raises: PeriodNotOpened."""
    _set_period(connection, organisation_id, month, "closed", actor)


def reopen_period(connection: Connection, organisation_id: int, month: date, actor: Actor) -> None:
    """Open a closed month again.  Raises: PeriodNotOpened."""
    _set_period(connection, organisation_id, month, "open", actor)


def _set_period(connection: Connection, organisation_id: int, month: date, state: str, actor: Actor) -> None:
    with refusals():
        connection.execute(
            text("SELECT ledger_set_period(:organisation, :month, :state, :actor)"),
            {
                "organisation": organisation_id,
                "month": month.replace(day=1),
                "state": state,
                "actor": actor.id,
            },
        )


def content_hash(command: JournalEntry | Storno) -> bytes:
    """SHA-256 of what the command says, its key apart; a field that says nothing does not count."""
    said = asdict(command, dict_factory=lambda fields: {name: v for name, v in fields if v not in (None, "")})
    del said["key"]
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).digest()


def _sparse(values: list[Any]) -> list[Any] | None:
    return values if any(v is not None for v in values) else None
