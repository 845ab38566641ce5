from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Letter:
    """A notification on its way; ``address`` is ``None`` where its person has taken theirs away or is blocked."""

    id: int
    message_id: UUID
    attempts: int
    """This one too."""
    address: str | None
    name: str
    language: str
    kind: str
    subject: str
    facts: dict[str, Any]
    actor: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Outbox:
    waiting: int
    dead: int
    waiting_since: datetime | None
    error: str
    """What one that waits met with last."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A letter that was given up, as an administrator sees it."""

    id: int
    name: str
    written_at: datetime
    attempts: int
    error: str
