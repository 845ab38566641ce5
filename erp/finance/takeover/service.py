"""Takeovers: begun, given up, and at hand for the steps that the packages below carry out.

In their order: ``files`` takes in what the other program exported, ``mapping`` keeps what people decide on it,
``posting`` brings balances and entries over, ``comparing`` runs both books side by side; ``path`` tells how far it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection

from erp.base import audit
from erp.base.dates import day_string
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.takeover import queries, rules
from erp.finance.takeover.model import File, Kind, State, Takeover
from erp.finance.takeover.schemas import BeginTakeover

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Desk:
    """A takeover at hand in a unit of work: what asks and records about it, and the files that count."""

    uow: UnitOfWork
    organisation_id: int
    takeover: Takeover

    @classmethod
    def of(cls, uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Self:
        """Raises: TakeoverUnknown."""
        return cls(uow, organisation_id, takeover(uow, organisation_id, takeover_id))

    @classmethod
    def under_way(cls, uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Self:
        """Held against others who change it, until this is committed.  Raises: TakeoverUnknown, TakeoverEnded."""
        queries.lock(uow.connection, uow.scope, organisation_id)
        desk = cls.of(uow, organisation_id, takeover_id)
        desk.require_under_way()
        return desk

    def require_under_way(self) -> None:
        """Raises: TakeoverEnded."""
        if not self.takeover.is_under_way:
            raise rules.TakeoverEnded()

    @property
    def subject(self) -> str:
        return subject(self.organisation_id, self.takeover.id)

    @property
    def day(self) -> date:
        """First day of the books kept here."""
        return self.takeover.starts_on

    def ask(
        self, query: Callable[Concatenate[Connection, Scope, int, int, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What a query of takeovers finds for this one, or does for it."""
        return query(self.uow.connection, self.uow.scope, self.organisation_id, self.takeover.id, *args, **kwargs)

    def record(self, action: str, **facts: Any) -> None:
        audit.record(
            self.uow.connection, self.uow.scope, action, self.subject, organisation_id=self.organisation_id, **facts
        )

    @cached_property
    def files(self) -> list[File]:
        """Those in use, by what they are and the months they tell of."""
        return [file for file in self.ask(queries.files) if file.set_aside_at is None]

    def files_of(self, kind: Kind) -> list[File]:
        return [file for file in self.files if file.kind is kind]

    def file(self, file_id: int, kind: Kind | None = None) -> File:
        """One of those in use.  Raises: FileUnknown."""
        found = next((f for f in self.files if f.id == file_id and kind in (None, f.kind)), None)
        if found is None:
            raise rules.FileUnknown()
        return found


def subject(organisation_id: int, takeover_id: int) -> str:
    return f"takeover:{organisation_id}/{takeover_id}"


def takeovers(uow: UnitOfWork, organisation_id: int) -> list[Takeover]:
    """The latest first."""
    return queries.takeovers(uow.connection, uow.scope, organisation_id)


def takeover(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Takeover:
    """Raises: TakeoverUnknown."""
    found = queries.takeover(uow.connection, uow.scope, organisation_id, takeover_id)
    if found is None:
        raise rules.TakeoverUnknown()
    return found


def begin(uow: UnitOfWork, organisation_id: int, command: BeginTakeover) -> int:
    """Begin to take an institution over; returns the takeover's id.  Raises: NotFirstOfMonth, TakeoverUnderWay."""
    if command.starts_on.day != 1:
        raise rules.NotFirstOfMonth(day=day_string(command.starts_on))
    queries.lock(uow.connection, uow.scope, organisation_id)
    if open_one := next((t for t in takeovers(uow, organisation_id) if t.is_under_way), None):
        raise rules.TakeoverUnderWay(program=open_one.source_program)
    program = " ".join(command.source_program.split())
    made = queries.insert_takeover(uow.connection, uow.scope, organisation_id, command.starts_on, program)
    begun = Desk.of(uow, organisation_id, made)
    begun.record("takeover-begun", program=program, since=command.starts_on.isoformat())
    return made


def give_up(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> None:
    """Leave a takeover as it is; what is posted stays posted.  Raises: TakeoverUnknown, TakeoverEnded."""
    end(Desk.under_way(uow, organisation_id, takeover_id), State.GIVEN_UP)


def end(desk: Desk, state: State) -> None:
    desk.ask(queries.set_state, state)
    desk.record(f"takeover-{state.value}")
