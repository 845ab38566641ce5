from dataclasses import dataclass
from enum import StrEnum

from erp.base.dates import DateInterval

_ALWAYS = DateInterval(None, None)


class CounterpartyKind(StrEnum):
    LEGAL = "legal"
    INDIVIDUAL = "individual"


@dataclass(frozen=True, slots=True)
class Counterparty:
    """A legal person by BIN or an individual by IIN; other names may repeat the Russian one."""

    code: str
    kind: CounterpartyKind
    name_kk: str
    name_ru: str
    name_en: str
    in_force: DateInterval = _ALWAYS
    """From registration to liquidation."""

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))
