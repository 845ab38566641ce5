"""Looking for people wherever the caller reads the records of staff."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from litestar import Request

from api.security import Visit
from erp.base.clock import today
from erp.finance.finder.rules import asked
from erp.hr.personnel import service
from erp.hr.personnel.model import FoundPerson
from erp.reference.access.model import Permission
from erp.reference.access.policy import authorise, permissions_at, reach


def wherever_read(visit: Visit) -> Visit:
    """The same visit, which reads records of staff besides wherever it may."""
    staff = reach(visit.identity, Permission.STAFF_READ) if visit.identity else frozenset[int]()
    return replace(visit, scope=replace(visit.scope, staff=staff))


def people_found(
    request: Request[Any, Any, Any], visit: Visit, words: str, at: int | None, places: Collection[int], limit: int
) -> tuple[FoundPerson, ...]:
    """By parts of a name, a post, a personnel number; at one organisation by a whole identity number.

    The last is for who may open such numbers there.
    """
    question = asked(words)
    if found := visit.read(lambda uow: service.find(uow, places, question.names, today(), limit=limit)):
        return found
    identity, opens = visit.identity, Permission.STAFF_IDENTITY
    if not question.digits or at is None or identity is None or opens not in permissions_at(identity, at):
        return ()
    opening = replace(visit, scope=authorise(identity, opens, at))
    vault = request.app.state.vault
    return opening.run(lambda uow: service.find_by_identity(uow, vault, at, question.digits))
