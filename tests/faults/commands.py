"""What a writer sends, drawn from a seed, and how it is sent: straight to the unit of work or over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol
from uuid import UUID

import httpx
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from erp.base import uow
from erp.base.dates import parse_month
from erp.base.db import make_engine
from erp.base.errors import DomainError
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import PostEntry, StornoEntry
from ledger import service as ledger
from ledger.errors import LedgerError
from ledger.model import Actor, JournalEntry, Posted, Posting, Source, SubaccountKey
from tests.web.desk import SUPPLIER

Json = dict[str, Any]
Placed = list[list[int]]
"""Id and number of each entry that a command made; nothing for a batch and for a month."""
Answer = tuple[Placed, bool]
"""With whether it was new: false where the command had been saved already."""

HOT = [("1010", {}), ("1030", {}), ("1316", {}), ("3210", {"counterparty": SUPPLIER})]
COUNTED = {"1316"}  # kept in quantities too
MONTHS = ["2026-03", "2026-04", "2026-05", "2026-06"]
CLOSED_AT_TIMES = "2026-06"
STORNO_DAY = "2026-12-30"
NOTHING_SAID = {"busy", "outcome-unknown", "database-unavailable", "took-too-long", "disk-full"}
"""Codes of refusals after which the same command is sent again under the same key."""
_INTERNALS = ("psycopg", "sqlalchemy", "Traceback", "SELECT", "ledger_", "sqlstate")


class Unclear(Exception):
    """The writer cannot know whether it was saved: it sends the same again."""


class Refused(Exception):
    """A clear refusal, by its code: nothing was saved."""


class Improper(Exception):
    """An answer that no user should see."""


@dataclass(frozen=True)
class Place:
    """Where a writer writes: the first organisation is the busy one."""

    organisations: tuple[int, ...]
    user: int
    owner: str
    """Address of the database in libpq's form, as the owner of the tables."""
    database: str
    """The same as the application role signs in by."""
    address: str
    token: str


class Hands(Protocol):
    """One way of sending."""

    @property
    def kinds(self) -> tuple[str, ...]: ...

    def send(self, command: Json) -> Answer:
        """Raises: Unclear, Refused, Improper."""


# ------------------------------------------------------------------------------------------------ drawing


def draw(random: Random, kind: str, name: str, organisations: tuple[int, ...]) -> Json:
    """A command of a kind that makes entries; ``name`` is its own and becomes the memo of what it posts."""
    count = {"entry": 1, "entries": random.randint(2, 4), "batch": random.randint(2, 30)}[kind]
    return {
        "kind": kind,
        "name": name,
        "key": _key(random),
        "organisation": organisations[0] if random.random() < 0.8 else random.choice(organisations),
        "entries": [_entry(random, f"{name}.{i}") for i in range(count)],
    }


def draw_storno(random: Random, name: str, posted: Json, entry_id: int) -> Json:
    """Cancels the one entry of a command that was acknowledged."""
    return {
        "kind": "storno",
        "name": name,
        "key": _key(random),
        "organisation": posted["organisation"],
        "cancels": posted["key"],
        "entry_id": entry_id,
        "effective_on": STORNO_DAY,
        "reason": f"cancelled by {name}",
    }


def draw_month(random: Random, name: str, organisation: int, *, closed: bool) -> Json:
    """Closes the month that is closed at times, or opens it again."""
    return {
        "kind": "month",
        "name": name,
        "key": _key(random),
        "organisation": organisation,
        "month": CLOSED_AT_TIMES,
        "act": "reopen" if closed else "close",
    }


def _entry(random: Random, memo: str) -> Json:
    return {
        "key": _key(random),
        "journal": random.choice(["MO-06", "MO-06", "MO-16"]),
        "effective_on": f"{random.choice(MONTHS)}-{random.randint(1, 28):02}",
        "memo": memo,
        "document_number": str(random.randint(1, 999)),
        "postings": [_posting(random, memo) for _ in range(random.choice([1, 1, 2, 5]))],
    }


def _posting(random: Random, memo: str) -> Json:
    debit: Json
    credit: Json
    debit, credit = ({"account": a, "dimensions": d} for a, d in random.sample(HOT, 2))
    if random.random() < 0.15:  # a side that nobody has used before
        debit = {"account": "1316", "dimensions": {"item": memo}}
    for side in (debit, credit):
        if side["account"] in COUNTED:
            side["quantity"] = f"{random.randint(0, 999)}.{random.randint(1, 9)}"
    return {"debit": debit, "credit": credit, "amount": f"{random.randint(1, 10**6)}.{random.randint(0, 99):02}"}


def _key(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


# ------------------------------------------------------------------------------------------------ sending


class Worker:
    """Sends as the program's own processes do: through the unit of work, as the application role."""

    kinds = ("entry", "entries", "batch", "storno")

    def __init__(self, place: Place, *, engine: Engine | None = None) -> None:
        self._engine = engine or make_engine(place.database, pool=1)
        self._scope = Scope(Actor(place.user, "worker"), writes=frozenset(place.organisations))
        self._journals: dict[str, int] = {}

    def send(self, command: Json) -> Answer:
        act = getattr(self, f"_{command['kind']}")
        try:
            answer: Answer = act(command)
        except (DomainError, LedgerError) as refusal:
            raise (Unclear if refusal.code in NOTHING_SAID else Refused)(refusal.code) from refusal
        except PoolTimeout as waited:
            raise Unclear("pool") from waited
        except DBAPIError as error:
            raise _trouble(error) from error
        return answer

    def _entry(self, command: Json) -> Answer:
        return self._entries(command)

    def _entries(self, command: Json) -> Answer:
        wanted = [PostEntry.model_validate(entry) for entry in command["entries"]]
        receipts = uow.run(
            self._engine,
            self._scope,
            lambda u: [journal.post_entry(u, command["organisation"], entry) for entry in wanted],
        )
        return _answer(receipt() for receipt in receipts)

    def _storno(self, command: Json) -> Answer:
        wanted = StornoEntry(key=command["key"], effective_on=command["effective_on"], reason=command["reason"])
        receipt = uow.run(
            self._engine,
            self._scope,
            lambda u: journal.storno_entry(u, command["organisation"], command["entry_id"], wanted),
        )
        return _answer([receipt()])

    def _batch(self, command: Json) -> Answer:
        def post(u: UnitOfWork) -> bool:
            entries = self._placed(u, command)
            source = Source("import", 1)
            key, organisation = UUID(command["key"]), command["organisation"]
            return ledger.post_many(u.connection, organisation, key, entries, u.scope.actor, source).is_new

        return [], uow.run(self._engine, self._scope, post)

    def _placed(self, u: UnitOfWork, command: Json) -> list[JournalEntry]:
        """The entries of a batch with their sides interned."""
        wanted = [PostEntry.model_validate(entry) for entry in command["entries"]]
        accounts = dict(map(tuple, u.execute(text("SELECT code, id FROM ledger_account WHERE postable"))))
        journals = dict(map(tuple, u.execute(text("SELECT code, id FROM ledger_journal"))))
        sides = [side for e in wanted for p in e.postings for side in (p.debit, p.credit)]
        keys = [SubaccountKey.of(accounts[side.account], side.dimensions) for side in sides]
        ids = iter(ledger.intern_subaccounts(u.connection, command["organisation"], keys))
        return [
            JournalEntry(
                command["organisation"],
                e.key,
                journals[e.journal],
                e.effective_on,
                e.memo,
                tuple(
                    Posting(next(ids), next(ids), p.amount, None, p.debit.quantity, p.credit.quantity)
                    for p in e.postings
                ),
                document_number=e.document_number,
            )
            for e in wanted
        ]

    def _month(self, command: Json) -> Answer:
        month = parse_month(command["month"])

        def act(u: UnitOfWork) -> None:
            if command["act"] == "close":
                journal.close_month(u, command["organisation"], month)
            else:
                journal.reopen_month(u, command["organisation"], month, "a bill came late")

        uow.run(self._engine, self._scope, act)
        return [], True


class Caller:
    """Sends as another program does: over HTTP."""

    kinds = ("entry", "storno")

    def __init__(self, place: Place, *, client: httpx.Client | None = None) -> None:
        self._client = client or httpx.Client(base_url=place.address, timeout=90)
        self._client.headers["authorization"] = f"Bearer {place.token}"

    def send(self, command: Json) -> Answer:
        entries = f"/api/v1/organisations/{command['organisation']}/entries"
        if command["kind"] == "storno":
            path = f"{entries}/{command['entry_id']}/storno"
            body = {name: command[name] for name in ("key", "effective_on", "reason")}
        else:
            path, (body,) = entries, command["entries"]
        try:
            answer = self._client.post(path, json=body)
        except httpx.TransportError as lost:
            raise Unclear(type(lost).__name__) from lost
        if answer.status_code == 201:
            said = answer.json()
            return [[said["entry_id"], said["number"]]], said["is_new"]
        raise _answered(answer)


def _answer(posted: Iterable[Posted]) -> Answer:
    found = list(posted)
    assert len({p.is_new for p in found}) == 1, f"half done: {found}"
    return [[p.entry_id, p.number] for p in found], found[0].is_new


def _trouble(error: DBAPIError) -> Exception:
    """What a database error is to the writer: the server is away, or something that no user should see."""
    state = getattr(error.orig, "sqlstate", None)
    name = f"{type(error.orig).__name__} {state or ''}".strip()
    away = state is None and error.connection_invalidated
    if away or (state or "").startswith(("57", "08", "53")) or "connection" in str(error.orig):
        return Unclear(name)
    return Improper(f"{name}: {error.orig}")


def _answered(answer: httpx.Response) -> Exception:
    if answer.headers.get("content-type") != "application/problem+json":
        return Improper(f"{answer.status_code} {answer.text[:200]}")
    problem = answer.json()
    if answer.status_code == 500 or any(word in json.dumps(problem) for word in _INTERNALS):
        return Improper(f"{answer.status_code} {problem}")
    return (Unclear if problem["title"] in NOTHING_SAID else Refused)(problem["title"])
