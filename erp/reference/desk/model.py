from dataclasses import dataclass
from enum import StrEnum


class Density(StrEnum):
    COMFORTABLE = "comfortable"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """How a person likes their pages."""

    density: Density = Density.COMFORTABLE
    single_keys: bool = True
    """Whether keys without Ctrl or Alt are commands outside of fields."""
    tour_shown: bool = True
    """Whether the first page shows the way to the tour."""
