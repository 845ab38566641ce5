"""Refusals of personal files, what an identity number says of itself, and hours as people write them."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.hr.personnel.model import Appointment, Claimed, ScheduleKind
from erp.reference.counterparties.model import CounterpartyKind
from erp.reference.counterparties.rules import CodeInvalid, kind_of


class PersonNotOfStaff(NotFound):
    code = "person-not-of-staff"
    template = "There is no such person on the staff here."


class AppointmentUnknown(NotFound):
    code = "appointment-unknown"
    template = "There is no such appointment here."


class AppointmentEnds(RuleViolated):
    code = "appointment-ends"
    template = "The last day is before the first day of this appointment. Correct or rescind it instead."


class AppointmentNotHeld(RuleViolated):
    code = "appointment-not-held"
    template = "On {day} this appointment is not held. Choose a day on which it is."


class FileKeptElsewhere(Conflict):
    code = "file-kept-elsewhere"
    template = (
        "The person serves at another institution now, which keeps their name, personal data and account. Ask it."
    )


class OwnRecord(NotPermitted):
    code = "own-record"
    template = "Nobody keeps their own record, nor that of whom they stand for. Another officer records this."


class IdentityOfAnother(Conflict):
    code = "identity-number-of-another"
    template = "Somebody of another name has this identity number. Compare the number and the name with the document."


class IdentityInvalid(RuleViolated):
    code = "identity-invalid"
    template = "This is not an IIN. It has 12 digits, and the last one checks the others; look for a mistyped digit."


class IdentityTaken(Conflict):
    code = "identity-taken"
    template = "Another person has this identity number. Look at the document again, or find that person in the list."


class BornTooLate(RuleViolated):
    code = "born-too-late"
    template = "The day of birth ({born}) is not before the first day of work. Write the year with four digits."


class BirthDiffers(Conflict):
    code = "birth-differs"
    template = "The identity number begins with another day of birth than {born}. Look at the document again."


class NoRest(Conflict):
    code = "no-rest"
    template = "These hours leave no day of rest, or fill more than half of all time. Look at them again."


class MoreThanOnePost(Conflict):
    code = "more-than-one-post"
    template = (
        "From {day} the person would hold more than one whole post here, {share} together. Where one appointment is to"
        " take the place of another, end or move that one."
    )


DOUBTS: tuple[type[Conflict], ...] = (BirthDiffers, NoRest, MoreThanOnePost)
"""Told once, and passed over where it is meant."""


class IdentityMissing(NotFound):
    code = "identity-missing"
    template = "No identity number is recorded."


class AccountTaken(Conflict):
    code = "account-taken"
    template = (
        "Nobody with the login “{login}” has a role here, or the account is another person’s. Ask an administrator."
    )


def named(known: Claimed) -> int:
    """The person under whose number and name somebody is put on record.  Raises: IdentityOfAnother, OwnRecord."""
    if known.person_id is None:
        raise IdentityOfAnother()
    if known.is_own:
        raise OwnRecord()
    return known.person_id


def identity_typed(text: str) -> str:
    """An identity number without blanks; the refusal does not repeat it.  Raises: IdentityInvalid."""
    bare = "".join(text.split())
    try:
        is_person = kind_of(bare) is CounterpartyKind.INDIVIDUAL
    except CodeInvalid:
        is_person = False
    if not is_person:
        raise IdentityInvalid()
    return bare


def says_born(identity: str, day: date) -> bool:
    """Whether an identity number, as it begins, is of somebody born on the day."""
    return identity[:6] == f"{day:%y%m%d}"


def most_held(held: Sequence[Appointment], since: date) -> tuple[int, date]:
    """The greatest share of posts held together on a day from ``since`` on, and the first such day.

    Shares are hundredths of a whole post.
    """
    days = sorted({since} | {each.valid.start for each in held if each.valid.start and each.valid.start > since})
    together = [(sum(each.percent for each in held if day in each.valid), day) for day in days]
    return max(together, key=lambda found: found[0])


def leaves_rest(minutes: Sequence[int]) -> bool:
    """Whether a cycle of days leaves a day free, and is not mostly work."""
    return min(minutes) == 0 and 2 * sum(minutes) <= len(minutes) * _DAY


class HoursMalformed(RuleViolated):
    code = "hours-malformed"
    template = "“{text}” are not hours by day. Write those of each day of the cycle: 8 8 8 8 8 0 0."


_HOURS = re.compile(r"([0-9]{1,2})(?::([0-5][0-9])|[.,]([0-9]{1,2}))?")
_WEEK, _LONGEST_CYCLE, _DAY = 7, 56, 24 * 60


def hours_of(minutes: int) -> str:
    """Hours as ``minutes_of`` reads them: 8; 6:40."""
    return f"{minutes // 60}:{minutes % 60:02}" if minutes % 60 else str(minutes // 60)


def minutes_of(text: str, kind: ScheduleKind) -> tuple[int, ...]:
    """Minutes of each day of a cycle written in hours: 8 8 8 8 8 0 0; part of one is 6:40 or, to the nearest, 6,67.

    Raises: HoursMalformed.
    """
    days = text.split()
    minutes = tuple(_minutes(found) for day in days if (found := _HOURS.fullmatch(day)))
    lengths = range(1, _LONGEST_CYCLE + 1) if kind is ScheduleKind.SHIFT else (_WEEK,)
    if len(minutes) != len(days) or len(minutes) not in lengths or max(minutes) > _DAY:
        raise HoursMalformed(text=text)
    return minutes


def _minutes(hours: re.Match[str]) -> int:
    whole, minutes, part = hours.groups()
    return int(whole) * 60 + (int(minutes) if minutes else round(Decimal(f"0.{part or 0}") * 60))
