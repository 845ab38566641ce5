from dataclasses import dataclass
from enum import StrEnum


class ClassificationKind(StrEnum):
    FUNCTIONAL = "functional"
    ECONOMIC = "economic"
    REVENUE = "revenue"


@dataclass(frozen=True, slots=True)
class CodeName:
    """A code with its names and how sure they are: ``verified``, ``high``, ``medium`` or ``low``."""

    code: str
    name_kk: str
    name_ru: str
    name_en: str
    confidence: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    @property
    def is_not_verified(self) -> bool:
        return self.confidence in ("medium", "low")


@dataclass(frozen=True, slots=True)
class ClassificationCode(CodeName):
    """A code of the classification with its place in the tree."""

    level: str
    parent_code: str | None
    international: str
