"""Figures in addresses: every figure of a report leads to the list of what it sums, and back to its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from erp.base.dates import parse_day
from erp.base.errors import RuleViolated
from erp.finance.reports.model import Figure, Part
from ledger.model import Dimension

NONE = "~"
"""What an address says for the value of a dimension that is not named, or for no corresponding account."""


class FigureDamaged(RuleViolated):
    code = "figure-damaged"
    template = "The page address is damaged. Open the figure again from its report."


@dataclass(frozen=True)
class Ways:
    """Addresses of what is behind the figures of one report."""

    home: str
    period: Mapping[str, str]
    """What of the books the report counts, as its address says it."""
    back: str
    """Address of the report."""

    def to(self, figure: Figure, at: str = "") -> str:
        """``at`` is the row that the way back leads to."""
        back = {"back": f"{self.back}#{at}" if at else self.back}
        return f"{self.home}reports/postings?{urlencode({**self.period, **said(figure), **back})}"

    def card(self, code: str, at: str, subaccount: int | None = None) -> str:
        """The card of an account, or of one subaccount of it, in the same months."""
        asked = {name: self.period[name] for name in ("from", "to")}
        if subaccount is not None:
            asked["subaccount"] = str(subaccount)
        return f"{self.home}accounts/{code}/card?{urlencode(asked | {'back': f'{self.back}#{at}'})}"


def said(figure: Figure) -> dict[str, str]:
    """The figure as an address says it."""
    named = {
        "part": figure.part.value,
        "account": _said_code(figure.account),
        "edition": str(figure.edition) if figure.edition is not None else None,
        "against": _said_code(figure.against),
        "journal": figure.journal,
        "since": figure.since.isoformat() if figure.since else None,
        "until": figure.until.isoformat() if figure.until else None,
    }
    values = {dimension.slug: code or NONE for dimension, code in figure.dimensions.items()}
    return {name: value for name, value in named.items() if value is not None} | values


def _said_code(code: str | None) -> str | None:
    return code if code is None else code or NONE


def _code(said: str | None) -> str | None:
    return "" if said == NONE else said or None


def figure_of(asked: Mapping[str, str]) -> Figure:
    """Raises: FigureDamaged, DayMalformed."""
    part, edition = asked.get("part", ""), asked.get("edition")
    if part not in set(Part) or (edition and not (edition.isascii() and edition.isdigit() and len(edition) < 10)):
        raise FigureDamaged()
    return Figure(
        Part(part),
        account=_code(asked.get("account")),
        edition=int(edition) if edition else None,
        against=_code(asked.get("against")),
        dimensions={d: "" if asked[d.slug] == NONE else asked[d.slug] for d in Dimension if asked.get(d.slug)},
        journal=asked.get("journal") or None,
        since=parse_day(asked["since"]) if asked.get("since") else None,
        until=parse_day(asked["until"]) if asked.get("until") else None,
    )
