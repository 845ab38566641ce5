"""Refusals of personal files, and what an identity number says of itself."""

from erp.base.errors import Conflict, NotFound, RuleViolated
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


class IdentityInvalid(RuleViolated):
    code = "identity-invalid"
    template = "This is not an IIN. It has 12 digits, and the last one checks the others; look for a mistyped digit."


class IdentityTaken(Conflict):
    code = "identity-taken"
    template = "Another person has this identity number. Look at the document again, or find that person in the list."


class IdentityMissing(NotFound):
    code = "identity-missing"
    template = "No identity number is recorded."


class AccountTaken(Conflict):
    code = "account-taken"
    template = (
        "Nobody with the login “{login}” has a role here, or the account is another person’s. Ask an administrator."
    )


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
