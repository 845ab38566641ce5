"""The kernel's only way in: each function is one call of a database function inside the caller's transaction.

The caller has set ``qazyna.reads`` and ``qazyna.writes`` in the transaction (``erp.base.uow`` does).  Refusals of
the database surface as the leaves of ``ledger.errors``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from ledger import errors
from ledger.model import (
    Actor,
    Correction,
    Dimension,
    JournalEntry,
    PeriodState,
    Posted,
    PostedBatch,
    Source,
    SubaccountKey,
    YearClosed,
    YearReopened,
)
from ledger.staging import COPY, Staging

_SLUGS = [d.slug for d in Dimension]

_INTERN = text(
    "SELECT ledger_intern_subaccounts(:organisation, CAST(:account AS int[]), "
    + ", ".join(f"CAST(:{slug} AS text[])" for slug in _SLUGS)
    + ")"
)

_ENTRY = """:key, :hash, CAST(:journal AS smallint), :kind, :on, :actor, :origin, :memo,
               :document_number, :document_on, :source_kind, :source_id, :source_line,
               CAST(:debit AS int[]), CAST(:credit AS int[]), CAST(:amount AS bigint[]), CAST(:line_memo AS text[]),
               CAST(:debit_quantity AS bigint[]), CAST(:credit_quantity AS bigint[]),
               CAST(:debit_currency AS bigint[]), CAST(:credit_currency AS bigint[])"""

_POST = text(f"""
    SELECT entry_id, fiscal_year, number, is_new FROM ledger_post_entry(:organisation, {_ENTRY})
""")  # noqa: S608  (no value is written into the text)

# The function is called once the scope is set and the edition found to stand, because its argument depends on both.
_POST_ALONE = text(f"""
    SELECT posted.entry_id, posted.fiscal_year, posted.number, posted.is_new
      FROM (SELECT set_config('qazyna.writes', :writes, true) || set_config('qazyna.adjusts', :adjusts, true)
                   IS NOT NULL AS is_set OFFSET 0) scope
      JOIN ledger_edition e ON e.edition = :edition
     CROSS JOIN LATERAL ledger_post_entry(
               CASE WHEN scope.is_set AND e.edition = :edition THEN :organisation END, {_ENTRY}) posted
""")  # noqa: S608
_POST_ALONE_BY_DRIVER = str(_POST_ALONE.compile(dialect=PGDialect_psycopg()))  # type: ignore[no-untyped-call]

_EDITION = text("SELECT edition FROM ledger_edition")

_POSTED_BEFORE = text("""
    SELECT c.content_hash, e.id AS entry_id, e.fiscal_year, e.number
      FROM ledger_command c
      JOIN ledger_entry e
        ON e.organisation_id = c.organisation_id AND e.fiscal_year = c.fiscal_year AND e.id = c.entry_id
     WHERE c.organisation_id = :organisation AND c.key = :key
""")

_CORRECT = text("""
    SELECT entry_id, fiscal_year, number, is_new
      FROM ledger_correct(:organisation, :key, :hash, :entry, :entry_year, :on, :actor, :origin, :reason, :kind)
""")

_SET_PERIOD = text("SELECT ledger_set_period(:organisation, :month, :state, :actor, :reason, :origin)")

_CLOSE_YEAR = text("""
    SELECT entries, postings, result_tiyn, is_new
      FROM ledger_close_year(:organisation, :year, :key, :hash, :actor, :origin, CAST(:journal AS smallint),
                             CAST(:memos AS text[]))
""")

_REOPEN_YEAR = text("""
    SELECT entries, postings, is_new
      FROM ledger_reopen_year(:organisation, :year, :key, :hash, :actor, :origin, :reason)
""")

_LOCK_BALANCES = text("""
    SELECT ledger_lock_balances(:organisation, CAST(:sides AS int[]), CAST(:months AS date[]),
                                CAST(:kinds AS smallint[]), CAST(:cancelled AS bigint[]), CAST(:cancelled_in AS date[]))
""")

_POST_BATCH = text("""
    SELECT entries, postings, amount_tiyn, is_new
      FROM ledger_post_batch(:organisation, :batch, :key, :hash, :actor, :origin, :source_kind, :source_id)
""")

_HASH_OF_KEY = text("SELECT content_hash FROM ledger_command WHERE organisation_id = :organisation AND key = :key")


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


def edition(connection: Connection) -> int:
    """Edition of the registers; what was read of them before counts as long as it stays."""
    return int(connection.execute(_EDITION).scalar_one())


def post_entry(connection: Connection, entry: JournalEntry, actor: Actor) -> Posted:
    """Post one entry; the same key with the same content returns the first result.

    Raises: any leaf of ``ledger.errors`` but those of corrections and years.
    """
    with refusals():
        return Posted(*connection.execute(_POST, _parameters(entry, actor)).one())


def post_alone(
    connection: psycopg.Connection, entry: JournalEntry, actor: Actor, settings: Mapping[str, str], edition: int
) -> Posted:
    """Post one entry in one statement, which is also the whole transaction: ``connection`` commits by itself.

    It is the driver's own connection: what SQLAlchemy does around a statement would take as long as the posting.
    ``settings`` are the scope's ``writes`` and ``adjusts``.

    Raises: EditionPassed where the registers are not as they were at ``edition``; else as ``post_entry``.
    """
    parameters = {**_parameters(entry, actor), **settings, "edition": edition}
    row = connection.execute(_POST_ALONE_BY_DRIVER, parameters).fetchone()
    if row is None:
        raise errors.EditionPassed()
    return Posted(*row)


def posted_before(connection: Connection, organisation_id: int, key: UUID, content: bytes) -> Posted | None:
    """What a key has posted already; ``None`` where it is new.  Raises: KeyReused where it said something else."""
    row = connection.execute(_POSTED_BEFORE, {"organisation": organisation_id, "key": key}).one_or_none()
    if row is None:
        return None
    if row.content_hash != content:
        raise errors.KeyReused(key=str(key))
    return Posted(row.entry_id, row.fiscal_year, row.number, is_new=False)


def _parameters(entry: JournalEntry, actor: Actor) -> dict[str, Any]:
    postings = entry.postings
    return {
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
        "debit": _array(p.debit_id for p in postings),
        "credit": _array(p.credit_id for p in postings),
        "amount": _array(p.amount_tiyn for p in postings),
        "line_memo": _sparse([p.memo for p in postings]),
        "debit_quantity": _sparse([p.debit_quantity_milli for p in postings]),
        "credit_quantity": _sparse([p.credit_quantity_milli for p in postings]),
        "debit_currency": _sparse([p.debit_currency_minor for p in postings]),
        "credit_currency": _sparse([p.credit_currency_minor for p in postings]),
    }


def correct(connection: Connection, command: Correction, actor: Actor) -> Posted:
    """Cancel an entry, at most once; the original stays as it is.

    Revenue and expense of a closed year are corrected through the result of earlier years.

    Raises: UnknownEntry, AlreadyCorrected, NotCorrectable, ClosingNotCorrectable, NothingToCorrect, StornoBeforeEntry,
    PeriodClosed, PeriodRestricted, PeriodNotOpened, RoleAccountMissing.
    """
    with refusals():
        row = connection.execute(
            _CORRECT,
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
                "kind": command.kind.value,
            },
        ).one()
    return Posted(*row)


def lock_balances(connection: Connection, organisation_id: int, entries: Sequence[JournalEntry | Correction]) -> None:
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
    corrections = [entry for entry in entries if isinstance(entry, Correction)]
    with refusals():
        connection.execute(
            _LOCK_BALANCES,
            {
                "organisation": organisation_id,
                "sides": [side for side, _, _ in keys],
                "months": [month for _, month, _ in keys],
                "kinds": [kind for _, _, kind in keys],
                "cancelled": [correction.entry_id for correction in corrections],
                "cancelled_in": [correction.effective_on.replace(day=1) for correction in corrections],
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

    Entries keep their own journals and kinds; of their own keys and sources only the line is used.  A retry returns
    the first result, whatever was closed since, and sends nothing.

    Raises: as ``post_entry``.
    """
    batch, staging = uuid4(), Staging(organisation_id, entries)
    of_key = {"organisation": organisation_id, "key": key}
    first_hash = connection.execute(_HASH_OF_KEY, of_key).scalar_one_or_none()
    if first_hash is not None:  # nothing to send: only to hold against what was sent then
        for _ in staging.blocks(batch):
            pass
        if first_hash != staging.digest:
            raise errors.KeyReused(key=str(key))
        return PostedBatch(staging.entries, staging.postings, staging.amount_tiyn, is_new=False)
    driver = connection.connection.driver_connection
    assert driver is not None
    with refusals(), _as_sqlalchemy(COPY), driver.cursor() as cursor, cursor.copy(COPY) as rows:
        for block in staging.blocks(batch):
            rows.write(block)
    with refusals():
        result = connection.execute(
            _POST_BATCH,
            {
                "organisation": organisation_id,
                "batch": batch,
                "key": key,
                "hash": staging.digest,
                "actor": actor.id,
                "origin": actor.origin,
                "source_kind": source.kind,
                "source_id": source.id,
            },
        ).one()
    return PostedBatch(result.entries, result.postings, int(result.amount_tiyn), result.is_new)


def roll_groups(connection: Connection) -> bool:
    """Roll the balances of groups of organisations forward; false when they were up to date.

    Reports are exact without it, and quick with it.  A long way is gone in several calls, each a transaction.
    """
    with refusals():
        return bool(connection.execute(text("SELECT ledger_roll()")).scalar_one())


def open_books(connection: Connection, organisation_id: int, code: str, first: date, last: date, actor: Actor) -> int:
    """Open the months from that of ``first`` through that of ``last``; returns how many were new.

    ``code`` is what the organisation is known by outside (its BIN): seals name it.
    """
    with refusals():
        return int(
            connection.execute(
                text("SELECT ledger_open_books(:organisation, :code, :first, :last, :actor)"),
                {"organisation": organisation_id, "code": code, "first": first, "last": last, "actor": actor.id},
            ).scalar_one()
        )


def set_period(
    connection: Connection, organisation_id: int, month: date, state: PeriodState, actor: Actor, reason: str = ""
) -> None:
    """Lock a month, or loosen its lock for a reason; what changes is on record.

    Raises: PeriodNotOpened, YearIsClosed, ReasonMissing.
    """
    with refusals():
        connection.execute(
            _SET_PERIOD,
            {
                "organisation": organisation_id,
                "month": month.replace(day=1),
                "state": state.value,
                "actor": actor.id,
                "reason": reason,
                "origin": actor.origin,
            },
        )


def close_year(
    connection: Connection,
    organisation_id: int,
    year: int,
    key: UUID,
    journal_id: int,
    memos: Sequence[str],
    actor: Actor,
) -> YearClosed:
    """Bring revenue and expense to zero against the year's result, and lock the year.

    ``memos`` are the texts of the entries: of the last result carried on, of revenue, of expense.

    Raises: MonthsNotClosed, EarlierYearOpen, YearAlreadyClosed, PeriodNotOpened, RoleAccountMissing, KeyReused.
    """
    parameters = {
        "organisation": organisation_id,
        "year": year,
        "key": key,
        "hash": _hash_of_words("close-year", organisation_id, year),
        "actor": actor.id,
        "origin": actor.origin,
        "journal": journal_id,
        "memos": list(memos),
    }
    _require_year(year)
    with refusals():
        return YearClosed(*connection.execute(_CLOSE_YEAR, parameters).one())


def reopen_year(
    connection: Connection, organisation_id: int, year: int, key: UUID, reason: str, actor: Actor
) -> YearReopened:
    """Cancel the closing entries of a year; its December is restricted then.

    Raises: YearNotClosed, LaterYearClosed, ReasonMissing, KeyReused.
    """
    parameters = {
        "organisation": organisation_id,
        "year": year,
        "key": key,
        "hash": _hash_of_words("reopen-year", organisation_id, year, reason),
        "actor": actor.id,
        "origin": actor.origin,
        "reason": reason,
    }
    _require_year(year)
    with refusals():
        return YearReopened(*connection.execute(_REOPEN_YEAR, parameters).one())


def content_hash(command: JournalEntry | Correction) -> bytes:
    """SHA-256 of what the command says, its key apart; a field that says nothing does not count."""
    if isinstance(command, JournalEntry) and command.content is not None:
        return command.content
    said = asdict(command, dict_factory=lambda fields: {name: v for name, v in fields if v not in (None, "")})
    del said["key"]
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).digest()


def _require_year(year: int) -> None:
    """The database's integers are narrower than ours.  Raises: YearOutOfRange."""
    if year not in range(1991, 2200):
        raise errors.YearOutOfRange(year=year)


def _hash_of_words(*said: object) -> bytes:
    return sha256(json.dumps(said, default=str).encode()).digest()


def _sparse(values: list[Any]) -> list[Any] | None:
    return values if any(v is not None for v in values) else None


def _array(numbers: Iterable[int]) -> str:
    """An array as PostgreSQL reads it: the driver would look at every number for its type."""
    return "{" + ",".join(map(str, numbers)) + "}"
