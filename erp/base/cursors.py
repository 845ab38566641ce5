"""Cursors: where the next page of a list begins, as text that a caller sends back as it came."""

from erp.base.errors import RuleViolated

SMALLINT, INTEGER, BIGINT = ((1 << bits) - 1 for bits in (15, 31, 63))


class CursorMalformed(RuleViolated):
    code = "cursor-malformed"
    template = "The page address is damaged. Start again from the first page."


def number_in(text: str, *, most: int = BIGINT) -> int:
    """A number of a cursor, from 0 to ``most``.  Raises: CursorMalformed."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise CursorMalformed()
    return int(text)
