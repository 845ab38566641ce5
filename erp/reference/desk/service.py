"""How each person likes their pages, and how far their tour of the program went.

Like a person's language, it concerns nobody else, and leaves no trail.
"""

from collections.abc import Collection
from dataclasses import replace

from erp.base.uow import UnitOfWork
from erp.reference.desk import queries
from erp.reference.desk.model import DeskSettings


def settings(uow: UnitOfWork) -> DeskSettings:
    """The actor's own; what the program proposes, where they chose nothing."""
    return queries.settings(uow.connection, uow.scope)


def choose(uow: UnitOfWork, chosen: DeskSettings) -> None:
    queries.keep(uow.connection, uow.scope, chosen)


def show_tour(uow: UnitOfWork, *, shown: bool) -> None:
    """Show the way to the tour on the first page, or do not."""
    choose(uow, replace(settings(uow), tour_shown=shown))


def steps_taken(uow: UnitOfWork) -> frozenset[str]:
    """Steps of the tour that the actor has taken."""
    return queries.steps_taken(uow.connection, uow.scope)


def take_steps(uow: UnitOfWork, steps: Collection[str]) -> None:
    """Note steps as taken; repeating it changes nothing."""
    queries.take_steps(uow.connection, uow.scope, steps)


def untake_step(uow: UnitOfWork, step: str) -> None:
    queries.untake_step(uow.connection, uow.scope, step)
