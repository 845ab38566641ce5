"""Telling people, in the transaction of what they are told of."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from erp.base import audit
from erp.base.errors import NotFound, RuleViolated
from erp.base.uow import UnitOfWork
from erp.reference.notifications import queries
from erp.reference.notifications.model import Contact, Notification, NotificationKind

MOST_COUNTED = 100
_ATOM, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+", r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
"""RFC 5322, dot-atom; RFC 1123, names of hosts."""
_LONGEST_ADDRESS = 254


class NotificationUnknown(NotFound):
    code = "notification-unknown"
    template = "There is no such notification among yours."


class AddressMalformed(RuleViolated):
    code = "address-malformed"
    template = "“{address}” is not an address of electronic mail: one like name@example.kz is expected."


class AddressMissing(RuleViolated):
    code = "address-missing"
    template = "To be notified by mail, give your address."


def notify(uow: UnitOfWork, user_id: int, kind: NotificationKind, subject: str, **facts: Any) -> None:
    """Tell a person what happened to ``subject``, which the notification leads to; by mail too, if they want it.

    ``facts`` fill the sentence of the kind: ``what`` names the subject as people do, like “MO-06 № 15”.
    """
    notify_all(uow, [user_id], kind, subject, **facts)


def notify_all(uow: UnitOfWork, user_ids: Sequence[int], kind: NotificationKind, subject: str, **facts: Any) -> None:
    """As ``notify``, of several people."""
    queries.insert_notifications(uow.connection, uow.scope, user_ids, kind, subject, facts)


def notify_each(uow: UnitOfWork, told: Sequence[tuple[int, NotificationKind, str, Mapping[str, Any]]]) -> None:
    """Tell each of many people of something of their own: person, kind, subject, facts."""
    if told:
        queries.insert_each(uow.connection, uow.scope, told)


def unread(uow: UnitOfWork) -> int:
    """How many of the actor's own are unread, counted up to ``MOST_COUNTED``."""
    return queries.unread(uow.connection, uow.scope, MOST_COUNTED)


def own(
    uow: UnitOfWork, *, below: int | None = None, limit: int, within: Collection[int] | None = None
) -> list[Notification]:
    """The actor's own, the newest first; of what is ``within`` some organisations alone, where they are given."""
    return queries.own(uow.connection, uow.scope, below, limit, within)


def open_one(uow: UnitOfWork, notification_id: int) -> Notification:
    """One of the actor's own, read from now on.  Raises: NotificationUnknown."""
    found = queries.own_by_id(uow.connection, uow.scope, notification_id)
    if found is None:
        raise NotificationUnknown()
    queries.mark_read(uow.connection, uow.scope, notification_id, None)
    return found


def read_about(uow: UnitOfWork, subject: str) -> None:
    """The actor has seen the subject itself."""
    queries.mark_read(uow.connection, uow.scope, None, subject)


def read_all(uow: UnitOfWork) -> None:
    queries.mark_read(uow.connection, uow.scope, None, None)


def contact(uow: UnitOfWork) -> Contact:
    """The actor's own settings."""
    return queries.contact(uow.connection, uow.scope)


def set_contact(uow: UnitOfWork, address: str, *, by_mail: bool) -> None:
    """Where the actor is written to, and whether.  Raises: AddressMalformed, AddressMissing."""
    address = address.strip()
    if address and (len(address) > _LONGEST_ADDRESS or not ADDRESS.fullmatch(address)):
        raise AddressMalformed(address=address)
    if by_mail and not address:
        raise AddressMissing()
    before = queries.contact(uow.connection, uow.scope)
    queries.put_contact(uow.connection, uow.scope, Contact(address, by_mail))
    audit.record(
        uow.connection,
        uow.scope,
        "contact-set",
        f"user:{uow.scope.actor.id}",
        before={"by_mail": before.by_mail, "has_address": bool(before.address)},
        after={"by_mail": by_mail, "has_address": bool(address)},
    )
