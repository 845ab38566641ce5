from dataclasses import dataclass


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
