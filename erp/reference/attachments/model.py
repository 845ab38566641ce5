from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file at a subject; ``removed_at`` where it is hidden."""

    id: int
    organisation_id: int
    subject: str
    name: str
    media_type: str
    size_bytes: int
    sha256: bytes
    added_by: int
    adder: str | None
    """Name of who added it; ``None`` for the program."""
    added_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be kept: its name cleaned, its type as its content is."""

    name: str
    media_type: str
    content: bytes
