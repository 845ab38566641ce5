"""The nouns of the trail."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """One change.  ``before`` and ``after`` hold, by field, what it changed; ``None`` where there was nothing.

    ``source`` and ``id`` name it: an event, a lock of a month, a close of a year, or the posting of an entry.
    """

    source: str
    id: int
    organisation_id: int | None
    at: datetime
    actor_id: int
    actor: str
    """Name of who did it; empty for the program itself."""
    login: str
    principal: str | None
    """Name of whose rights the actor used, where he is a delegate."""
    origin: str
    action: str
    subject: str
    subject_name: str
    """Name of the person, code of the organisation, journal and number of the entry; empty for other subjects."""
    facts: Mapping[str, Any]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def number(self) -> str:
        """What the event is called where its proof is asked for."""
        return f"{self.source}/{self.id}"


class Place(NamedTuple):
    """Where a page of the trail begins: after this event, the latest first."""

    at: datetime
    source: str
    id: int


@dataclass(frozen=True, slots=True)
class TrailPage:
    events: tuple[TrailEvent, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What is asked of the trail; empty asks for all.

    ``who`` is a login or a part of a name, ``subject`` one subject (``user:5``) or a kind of them (``user``); days are
    those of the country, both counted.

    ``subject`` may also be the login or a part of the name of a person.  Sign-ins are left out where they are
    neither asked for by ``action`` nor ``with_sign_ins``.
    """

    who: str = ""
    action: str = ""
    subject: str = ""
    first: date | None = None
    last: date | None = None
    with_sign_ins: bool = True

    @property
    def narrowed(self) -> bool:
        return bool(self.who or self.action or self.subject or self.first or self.last)


class EntrySubject(NamedTuple):
    """``entry:12/2026/345``: the entry 345 of the year 2026 in the books of the organisation 12."""

    organisation_id: int
    fiscal_year: int
    entry_id: int

    @classmethod
    def parse(cls, subject: str) -> "EntrySubject | None":
        found = re.fullmatch(r"entry:(\d{1,9})/(\d{1,9})/(\d{1,18})", subject)
        return cls(*map(int, found.groups())) if found else None

    def __str__(self) -> str:
        return f"entry:{self.organisation_id}/{self.fiscal_year}/{self.entry_id}"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody who opened the page of a document: when first, when last (once a day is kept), on how many days."""

    user_id: int
    name: str
    first_at: datetime
    last_at: datetime
    days: int
    is_today: bool
