from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class OrganisationKind(StrEnum):
    STATE = "state"
    OBLAST = "oblast"
    DISTRICT = "district"
    ADMINISTRATOR = "administrator"
    INSTITUTION = "institution"


@dataclass(frozen=True, slots=True)
class Organisation:
    """A body with its BIN; names in the three languages."""

    id: int
    code: str
    kind: str
    name_kk: str
    name_ru: str
    name_en: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    def __str__(self) -> str:
        """As programs are told of it; people see its name in their language."""
        return self.code


@dataclass(frozen=True, slots=True)
class OrganisationDraft:
    """An organisation to be registered; parent and office by their codes."""

    code: str
    kind: OrganisationKind
    name_kk: str
    name_ru: str
    name_en: str
    parent_code: str | None = None
    office_code: str | None = None
    since: date | None = None


RANKS = tuple(OrganisationKind)
"""Kinds from the top of the tree down."""


@dataclass(frozen=True, slots=True)
class Names:
    kk: str
    ru: str
    en: str


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation in the tree of one day: what stands above it, and which office keeps its books."""

    organisation: Organisation
    parent_id: int | None
    office_id: int | None
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Dated:
    """From ``since`` up to ``until`` (``None``: without end): a name, a body above, an office."""

    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Named(Dated):
    name_kk: str
    name_ru: str
    name_en: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))


@dataclass(frozen=True, slots=True)
class Related(Dated):
    """The other organisation of a link or of the serving relation."""

    other_id: int


@dataclass(frozen=True, slots=True)
class History:
    """What an organisation was, is and will be; each list from the first day on."""

    organisation: Organisation
    life: Dated
    names: list[Named]
    parents: list[Related]
    offices: list[Related]
    served: list[Related]
