from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Comment:
    id: int
    subject: str
    said: str
    author: str | None
    """Name of who wrote it; ``None`` for the program."""
    author_login: str | None
    at: datetime
