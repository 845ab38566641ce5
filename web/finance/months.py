"""Months in the address of a page: which are asked for, and which may be chosen."""

from collections.abc import Iterable, Mapping
from datetime import date

from erp.base.dates import MonthSpan, parse_month
from erp.base.errors import RuleViolated
from erp.finance.journal.queries import Month


def asked_span(query: Mapping[str, str], usual: MonthSpan) -> tuple[MonthSpan, RuleViolated | None]:
    """The months ``from`` … ``to`` of an address, the usual where absent; with the fault where they cannot be read."""
    try:
        first = parse_month(query["from"]) if query.get("from") else usual.first
        last = parse_month(query["to"]) if query.get("to") else max(usual.last, first)
        return MonthSpan.of(first, last), None
    except RuleViolated as fault:
        return usual, fault


def year_to(last: date) -> MonthSpan:
    """From January to the month of ``last``."""
    return MonthSpan.of(last.replace(month=1), last)


def choices(months: Iterable[Month], span: MonthSpan) -> list[date]:
    """Months to choose from, the newest first, with those of ``span`` among them."""
    return sorted({*(m.month for m in months), span.first, span.last}, reverse=True)
