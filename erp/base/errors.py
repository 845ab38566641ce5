"""Refusals.  A leaf is a noun with a stable ``code`` and a sentence: what is wrong, what was expected, what to do."""

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """``template`` is the English sentence to translate; ``fields`` fill it and travel to the caller."""

    code: ClassVar[str]
    template: ClassVar[str]

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.template.format(**fields))


class NotFound(DomainError):
    """What was asked for is not there (or not for this person to know of)."""


class Conflict(DomainError):
    """The state of things forbids it now."""


class RuleViolated(DomainError):
    """The command itself breaks a rule."""


class NotPermitted(DomainError):
    """This person may not do this here."""


class Invalid(RuleViolated):
    """Several faults of one command at once, each with the place it stands in (``postings.2.amount``)."""

    code = "invalid"
    template = "The form has faults. Mend the marked fields and send it again."

    def __init__(self, faults: Mapping[str, Exception]) -> None:
        self.faults = dict(faults)
        super().__init__()
