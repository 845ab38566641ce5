"""Refusals of the staffing table, and shares of posts as people write them."""

import re
from collections.abc import Mapping
from decimal import Decimal

from erp.base.errors import Conflict, NotFound, RuleViolated


class UnitUnknown(NotFound):
    code = "unit-unknown"
    template = "There is no such unit here."


class PostUnknown(NotFound):
    code = "post-unknown"
    template = "There is no such post here."


class ActUnknown(NotFound):
    code = "act-unknown"
    template = "There is no such act here."


class ActRescinded(Conflict):
    code = "act-rescinded"
    template = "Act № {act} was rescinded already, or undoes another itself."


class PostTaken(Conflict):
    code = "post-taken"
    template = (
        "On {day} more would be appointed to this post than the staffing table has of it. Choose another post or day."
    )


class UnitNotThere(Conflict):
    code = "unit-not-there"
    template = "On {day} the unit is not there, but posts or units stand in it. Choose other days, or move those first."


class UnitUnderItself(RuleViolated):
    code = "unit-under-itself"
    template = "A unit cannot stand under itself, or under a unit that stands under it."


class ShareMalformed(RuleViolated):
    code = "share-malformed"
    template = "“{text}” is not a share of a post. Write it like 1 or 0,5."


_SHARE = re.compile(r"([0-9]{1,5}(?:[.,][0-9]{1,2})?)( ?%)?")


def share_of(text: str) -> int:
    """Hundredths of a full post, written 1, 0,5 or 50 %.  Raises: ShareMalformed."""
    said = _SHARE.fullmatch(text)
    hundredths = Decimal(said[1].replace(",", ".")) * (1 if said[2] else 100) if said else Decimal(0)
    if 0 < hundredths <= 1_000_000 and hundredths == int(hundredths):
        return int(hundredths)
    raise ShareMalformed(text=text)


def share(percent: int) -> str:
    """Of full posts, as people write it: 1, 0,5, 18,25."""
    whole, rest = divmod(percent, 100)
    return f"{whole},{rest:02d}".rstrip("0") if rest else str(whole)


def chain(unit_id: int | None, above: Mapping[int, int | None]) -> list[int]:
    """A unit and those above it, the nearest first; ``above`` tells the one above each."""
    found: list[int] = []
    while unit_id is not None and unit_id not in found:
        found.append(unit_id)
        unit_id = above.get(unit_id)
    return found
