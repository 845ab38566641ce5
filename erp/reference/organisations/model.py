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
