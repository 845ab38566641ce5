"""What a comment may be, and whom it mentions."""

import re

from erp.base.errors import RuleViolated

LONGEST = 4000
MOST_MENTIONS = 10
_MENTION = re.compile(r"(?<![\w@.])@([A-Za-z0-9][A-Za-z0-9._@-]*)")


class CommentEmpty(RuleViolated):
    code = "comment-empty"
    template = "Write something first."


class CommentTooLong(RuleViolated):
    code = "comment-too-long"
    template = "The comment has {found} characters; at most {limit} are kept."


def tidied(said: str) -> str:
    """The text without blanks around it and without NUL.  Raises: CommentEmpty, CommentTooLong."""
    said = said.replace("\0", "").replace("\r\n", "\n").strip()
    if not said:
        raise CommentEmpty()
    if len(said) > LONGEST:
        raise CommentTooLong(found=len(said), limit=LONGEST)
    return said


def mentions(said: str) -> list[str]:
    """Logins written as ``@login``, in order, each once; a full stop after one is not its own.

    >>> mentions("@office, see line 2; and @aigul.s. Not a@b.kz")
    ['office', 'aigul.s']
    """
    found = (match.rstrip("._@-").lower() for match in _MENTION.findall(said))
    return list(dict.fromkeys(found))[:MOST_MENTIONS]
