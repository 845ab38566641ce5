"""By what a person is known elsewhere: the IIN of their certificates, the account at a provider they sign in with."""

from dataclasses import dataclass
from datetime import datetime

from erp.base import audit
from erp.base.errors import NotFound
from erp.base.uow import UnitOfWork
from erp.reference.access import queries


class IdentityUnknown(NotFound):
    code = "identity-unknown"
    template = "There is no such link any more."


@dataclass(frozen=True, slots=True)
class Linked:
    """``issuer`` is ``iin``, or the address of an OpenID Connect provider; ``subject`` what it calls the person."""

    issuer: str
    subject: str
    linked_at: datetime


def identities(uow: UnitOfWork, user_id: int) -> list[Linked]:
    return [Linked(*each) for each in queries.identities_of(uow.connection, uow.scope, user_id)]


def subject_of(uow: UnitOfWork, user_id: int, issuer: str) -> str | None:
    """What an issuer calls a person."""
    return next((each.subject for each in identities(uow, user_id) if each.issuer == issuer), None)


def link(uow: UnitOfWork, user_id: int, issuer: str, subject: str) -> bool:
    """False where the issuer's subject is somebody, or the person is another subject of the issuer."""
    if not queries.insert_identity(uow.connection, uow.scope, user_id, issuer, subject):
        return False
    audit.record(uow.connection, uow.scope, "identity-linked", f"user:{user_id}", issuer=issuer)
    return True


def unlink(uow: UnitOfWork, user_id: int, issuer: str) -> None:
    """Raises: IdentityUnknown."""
    if not queries.delete_identity(uow.connection, uow.scope, user_id, issuer):
        raise IdentityUnknown()
    audit.record(uow.connection, uow.scope, "identity-unlinked", f"user:{user_id}", issuer=issuer)
