"""What is found by what a person typed: facts only, each with the organisation whose books it is of."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """A posted entry; its amount is that of all its lines."""

    organisation_id: int
    id: int
    fiscal_year: int
    journal_code: str
    number: int
    kind: str
    effective_on: date
    memo: str
    document_number: str
    amount_tiyn: int


@dataclass(frozen=True, slots=True)
class FoundPrepared:
    """What one person prepared and another is to approve."""

    organisation_id: int
    id: int
    state: str
    journal_code: str
    effective_on: date
    memo: str
    document_number: str
    amount_tiyn: int


@dataclass(frozen=True, slots=True)
class Named:
    """A name in the three languages."""

    name_kk: str
    name_ru: str
    name_en: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))


@dataclass(frozen=True, slots=True)
class FoundCounterparty(Named):
    organisation_id: int
    code: str
    iban: str
    """The account it was found by; else empty."""


@dataclass(frozen=True, slots=True)
class FoundAccount(Named):
    """An account of the chart, which is everybody's."""

    code: str


@dataclass(frozen=True, slots=True)
class FoundTypical(Named):
    """A typical entry."""

    code: str


@dataclass(frozen=True, slots=True)
class FoundOrganisation(Named):
    id: int
    code: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Of each kind at most as many as were asked for, the closest or the newest first."""

    entries: tuple[FoundEntry, ...] = ()
    """By their legal number."""
    of_amount: tuple[FoundEntry, ...] = ()
    """With a posting of the amount."""
    amount_tiyn: int | None = None
    prepared: tuple[FoundPrepared, ...] = ()
    counterparties: tuple[FoundCounterparty, ...] = ()
    accounts: tuple[FoundAccount, ...] = ()
    typical: tuple[FoundTypical, ...] = ()
    organisations: tuple[FoundOrganisation, ...] = ()


@dataclass(frozen=True, slots=True)
class Deeds:
    """What a person has done at an organisation, of what its latest entries and their own papers tell."""

    posted: bool
    corrected: bool
    approved: bool
    commented: bool
    kept_a_view: bool
