"""Comments on a subject, which whoever asks has found to be there."""

from uuid import UUID

from erp.base import audit
from erp.base.clock import today
from erp.base.errors import Conflict
from erp.base.uow import UnitOfWork
from erp.reference.access import service as access
from erp.reference.access.model import Permission
from erp.reference.access.policy import reach
from erp.reference.access.service import UserUnknown
from erp.reference.comments import queries, rules
from erp.reference.comments.model import Comment
from erp.reference.notifications.model import NotificationKind
from erp.reference.notifications.service import notify


class CommentKeyReused(Conflict):
    code = "comment-key-reused"
    template = "This key has another comment already. Open the page anew and write it again."


def comments_of(
    uow: UnitOfWork, organisation_id: int, subject: str, *, below: int | None = None, limit: int
) -> list[Comment]:
    """What was said, the newest first."""
    return queries.comments_of(uow.connection, uow.scope, organisation_id, subject, below, limit)


def say(uow: UnitOfWork, organisation_id: int, subject: str, what: str, said: str, key: UUID) -> Comment:
    """Add a comment and tell whom it mentions; the same key is the same comment.

    ``what`` names the subject as people do.  A colleague who may not read it is not told of it.

    Raises: CommentEmpty, CommentTooLong, CommentKeyReused.
    """
    said = rules.tidied(said)
    is_new = queries.insert_comment(uow.connection, uow.scope, organisation_id, subject, key, said)
    comment = queries.comment_by_key(uow.connection, uow.scope, organisation_id, key)
    if (comment.subject, comment.said) != (subject, said):
        raise CommentKeyReused()
    if is_new:
        audit.record(uow.connection, uow.scope, "comment-written", subject, organisation_id=organisation_id)
        for login in rules.mentions(said):
            _tell(uow, organisation_id, subject, what, login)
    return comment


def _tell(uow: UnitOfWork, organisation_id: int, subject: str, what: str, login: str) -> None:
    try:
        person = access.person(uow, login, today())
    except UserUnknown:
        return
    if person.user.id != uow.scope.actor.id and organisation_id in reach(person, Permission.JOURNAL_READ):
        notify(uow, person.user.id, NotificationKind.MENTIONED, subject, what=what)
