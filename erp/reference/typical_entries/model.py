from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an institution's life: payroll, stocks."""

    code: str
    name_kk: str
    name_ru: str
    name_en: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))


@dataclass(frozen=True, slots=True)
class TypicalEntry:
    """A correspondence: any one of the debit accounts with any one of the credit accounts.

    A side is empty where the other is an off-balance account.
    """

    code: str
    section: Section
    name_kk: str
    name_ru: str
    name_en: str
    debit: tuple[str, ...]
    credit: tuple[str, ...]
    confidence: str
    source: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    @property
    def verified(self) -> bool:
        """Whether the package is sure enough of this row to pass it as official."""
        return self.confidence in ("verified", "high")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A typical entry with the accounts that an institution's own books leave no choice of; else empty."""

    entry: TypicalEntry
    debit: str
    credit: str

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to choose an account."""
        return bool((self.entry.debit and not self.debit) or (self.entry.credit and not self.credit))
