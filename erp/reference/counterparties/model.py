from dataclasses import dataclass
from enum import StrEnum

from erp.base.dates import DateInterval

_ALWAYS = DateInterval(None, None)


class CounterpartyKind(StrEnum):
    LEGAL = "legal"
    INDIVIDUAL = "individual"


@dataclass(frozen=True, slots=True)
class Counterparty:
    """A body by BIN, which all institutions share, or a person by IIN, whom each keeps for itself.

    Other names may repeat the Russian one.
    """

    code: str
    name_kk: str
    name_ru: str
    name_en: str
    in_force: DateInterval = _ALWAYS
    """From registration to liquidation."""
    version: int = 1
    """Grows with every change; who edits says which one was read."""

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    @property
    def kind(self) -> CounterpartyKind:
        return CounterpartyKind.INDIVIDUAL if self.code[4] in "0123" else CounterpartyKind.LEGAL

    @property
    def is_individual(self) -> bool:
        return self.kind is CounterpartyKind.INDIVIDUAL


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account of a counterparty, as one institution knows it."""

    iban: str
    bank: str
    in_use: bool

    @property
    def bank_code(self) -> str:
        """Three digits that name the bank within the IBAN."""
        return self.iban[4:7]

    @property
    def spaced(self) -> str:
        """As people read it: in groups of four."""
        return " ".join(self.iban[at : at + 4] for at in range(0, len(self.iban), 4))


@dataclass(frozen=True, slots=True)
class CounterpartyCard:
    """A counterparty with the accounts that an institution pays to."""

    counterparty: Counterparty
    accounts: tuple[BankAccount, ...]


@dataclass(frozen=True, slots=True)
class CounterpartyPage:
    rows: tuple[Counterparty, ...]
    next_cursor: str | None
