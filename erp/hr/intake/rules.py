"""What is refused of lists of people, and how single cells of them are read."""

import re
from collections.abc import Collection
from datetime import date
from difflib import get_close_matches

from erp.base.dates import DayMalformed
from erp.base.errors import Conflict, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.base.sheets.heads import fold
from erp.base.sheets.values import day_of
from erp.hr.personnel.model import Name
from erp.hr.personnel.rules import IdentityInvalid, identity_typed

NAME, TITLE, CODE = 100, 300, 40
"""Characters at most: of a part of a name, of what units and posts are called, of a category or a number."""
KEPT_DAYS = 30
"""A list that nobody has touched for so long is thrown away, accepted or not: it holds what many must not know."""
_IDENTITY = 12
_SHORTEST = 8  # digits of a number whose first zeros a spreadsheet took away: births from 2000 on begin with them
_NUMBER = re.compile(r"[0-9](?:[ \u00a0-]?[0-9]){6,}")
_SHOWN = 6  # digits: the day of birth
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ-][^\W\d_]+)*")
_INITIAL = re.compile(r"[^\W\d_]\.?")
_YEARS = range(1900, 2200)
_NEAREST = 3


class IntakeUnknown(NotFound):
    code = "people-file-unknown"
    template = N_("There is no such file among those you brought.")


class IntakeChanged(Conflict):
    code = "people-file-changed"
    template = N_("Another window has changed this file since. Look at it as it is now.")


class IntakeAccepted(Conflict):
    code = "people-file-accepted"
    template = N_("This file was accepted already.")


class HeadsMissing(RuleViolated):
    code = "people-heads-missing"
    template = N_(
        "The columns of the name, the structural unit and the position are not found. Say below which row the heads end"
        " in and what each column is, or take the empty table and write into that."
    )


class SinceMissing(RuleViolated):
    code = "people-since-missing"
    template = N_(
        "No column says the first day of work. Say below which column it is, or one day for all rows without one."
    )


class ColumnsAlike(RuleViolated):
    code = "people-columns-alike"
    template = N_("Columns {columns} mean the same. Leave one of them out.")


class CellNeeded(RuleViolated):
    code = "cell-needed"
    template = N_("This is needed, and the cell is empty.")


class CellFailed(RuleViolated):
    code = "cell-failed"
    template = N_("“{text}” is what a spreadsheet says where a formula failed. Write what belongs here.")


class CellTooLong(RuleViolated):
    code = "cell-too-long"
    template = N_("This is too long: at most {limit} characters.")


class NameMalformed(RuleViolated):
    code = "name-malformed"
    template = N_(
        "“{text}” is not a full name. Write the family name, the given name and, where there is one, the patronymic,"
        " without initials."
    )


class UnitMissing(RuleViolated):
    code = "unit-missing"
    template = N_("There is no unit “{text}”. Have missing units created, or write one that there is.")


class UnitMisspelt(UnitMissing):
    code = "unit-misspelt"
    template = N_("There is no unit “{text}”. Nearest: {nearest}. Write one of them, or have missing units created.")


class UnitAmbiguous(RuleViolated):
    code = "unit-ambiguous"
    template = N_("Several units are called so: {units}. Write the number of the one, or the unit above it.")


class UnitLater(RuleViolated):
    code = "unit-later"
    template = N_("The unit is there only from {day} on. Correct its days in the staffing table, or the day here.")


class UnitInCircle(RuleViolated):
    code = "unit-in-circle"
    template = N_("By the units above that rows name, this unit would stand under itself.")


class PostMissing(RuleViolated):
    code = "post-missing"
    template = N_("The unit has no post “{text}”. Have missing posts created, or write one that there is.")


class PostMisspelt(PostMissing):
    code = "post-misspelt"
    template = N_(
        "The unit has no post “{text}”. Nearest: {nearest}. Write one of them, or have missing posts created."
    )


class PostFull(RuleViolated):
    code = "post-full"
    template = N_(
        "On {day} the staffing table has {free} of this post left, and {asked} is asked for. Lower the share, choose"
        " another day, or change the post in the staffing table."
    )


class ScheduleUnknown(RuleViolated):
    code = "schedule-unknown"
    template = N_("“{text}” is no kind of schedule. Write: five-day week, six-day week or shifts.")


class HoursNeeded(RuleViolated):
    code = "hours-needed"
    template = N_("This schedule needs the hours of each day in the column “Hours by day”, like 12 12 0 0.")


class GroupUnknown(RuleViolated):
    code = "staff-group-unknown"
    template = N_("“{text}” is no group of staff. Write: civil servant, civil employee or worker.")


class IdentityOfAnotherRow(RuleViolated):
    code = "identity-of-another"
    template = N_("Row {row} has the same identity number under another name. Look at both.")


# ------------------------------------------------------------------------------------------------ masking


def masked(text: str) -> str:
    """A text without the ends of the long numbers in it: 850719••••••.  What may be an identity number is not shown."""
    return _NUMBER.sub(lambda found: _hidden(found[0]), text)


def shown(means: str, text: str) -> str:
    """A cell as it is shown; of what is meant for an identity number, whatever it is, no digit but the day of birth."""
    return _hidden(text) if means == "identity" else masked(text)


def _hidden(text: str) -> str:
    digits = 0
    shown = []
    for sign in text:
        digits += sign.isdigit()
        shown.append("•" if sign.isdigit() and digits > _SHOWN else sign)
    return "".join(shown)


# ------------------------------------------------------------------------------------------------ cells


def day_said(text: str) -> date:
    """Raises: DayMalformed."""
    try:
        day = day_of(text)
    except DayMalformed:
        raise DayMalformed(text=masked(text)) from None
    if day.year not in _YEARS:
        raise DayMalformed(text=masked(text))
    return day


def identity_said(text: str) -> str:
    """An identity number, with the zeros that a spreadsheet took from its beginning; a dash says there is none.

    Raises: IdentityInvalid.
    """
    bare = "".join(text.split())
    if bare.strip("-–—") == "":
        return ""
    if bare.isascii() and bare.isdecimal() and _SHORTEST <= len(bare) < _IDENTITY:
        bare = bare.zfill(_IDENTITY)
        if not _is_day(bare):
            raise IdentityInvalid()
    return identity_typed(bare)


def _is_day(identity: str) -> bool:
    try:
        date(2000 + int(identity[:2]), int(identity[2:4]), int(identity[4:6]))
    except ValueError:
        return False
    return True


def name_said(whole: str) -> Name:
    """A name in one cell: family name, given name, and the rest.  Raises: NameMalformed."""
    family, _, others = " ".join(whole.split()).partition(" ")
    given, _, patronymic = others.partition(" ")
    return name_of(family, given, patronymic)


def name_of(family: str, given: str, patronymic: str) -> Name:
    """A name of its parts.  Raises: NameMalformed, CellTooLong."""
    parts = family, given, patronymic
    if any(len(part) > NAME for part in parts):
        raise CellTooLong(limit=NAME)
    words = [word for part in parts for word in part.split()]
    if not family or not given or any(_INITIAL.fullmatch(word) or not _WORD.fullmatch(word) for word in words):
        raise NameMalformed(text=masked(" ".join(filter(None, parts))))
    return Name(*parts)


def text_said(text: str, limit: int) -> str:
    """Raises: CellTooLong."""
    if len(text) > limit:
        raise CellTooLong(limit=limit)
    return text


def nearest(text: str, known: Collection[str]) -> str:
    """Those of the names that are most like a text, with quotation marks; empty where none is."""
    by_fold = {fold(name): name for name in known}
    found = get_close_matches(fold(text), by_fold, n=_NEAREST)
    return ", ".join(f"“{by_fold[each]}”" for each in found)
