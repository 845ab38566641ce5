"""Numbers of the official forms that papers follow: data with its act, its days and how sure it is."""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from erp.base.dates import DateInterval
from web.i18n import Speech

_FILE = Path(__file__).with_name("forms.csv")
_SURE = ("verified", "high")


@dataclass(frozen=True)
class Form:
    """``acts`` by language; ``journal`` is the one whose memorial orders are printed by it."""

    journal: str
    number: str
    acts: dict[str, str]
    in_force: DateInterval
    verified: bool

    def named(self, say: Speech) -> str:
        name = say("Form {number}, {act}", number=self.number, act=self.acts[say.language.value])
        doubt = say("not verified")
        return name if self.verified else f"{name} ({doubt})"


@cache
def _forms() -> tuple[Form, ...]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Form(
                row["journal"],
                row["form"],
                {language: row[f"act_{language}"] for language in ("kk", "ru", "en")},
                DateInterval(date.fromisoformat(row["valid_from"]), _day(row["valid_to"])),
                row["confidence"] in _SURE,
            )
            for row in csv.DictReader(file)
        )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def form_of(journal: str, on: date) -> Form | None:
    """The form in force on a day for the memorial orders of a journal."""
    return next((each for each in _forms() if each.journal == journal and on in each.in_force), None)
