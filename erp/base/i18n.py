"""Languages of the product, and the marker for sentences that are translated where they are shown."""

from enum import StrEnum


class Language(StrEnum):
    KK = "kk"
    RU = "ru"
    EN = "en"


def N_(message: str) -> str:  # noqa: N802  (gettext's customary name)
    """Mark a message for the catalogues."""
    return message
