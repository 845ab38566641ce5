"""The months that a title names."""

import re
from datetime import date

from erp.base.dates import MonthSpan
from erp.base.errors import DomainError
from erp.base.sheets.values import day_of

_MONTHS = (
    r"январ[ья]|қаңтар\w*", r"феврал[ья]|ақпан\w*", r"марта?|наурыз\w*", r"апрел[ья]|сәуір\w*", r"ма[йя]|мамыр\w*",
    r"июн[ья]|маусым\w*", r"июл[ья]|шілде\w*", r"августа?|тамыз\w*", r"сентябр[ья]|қыркүйек\w*", r"октябр[ья]|қазан\w*",
    r"ноябр[ья]|қараша\w*", r"декабр[ья]|желтоқсан\w*",
)  # fmt: skip
_MONTH_NAMES = "|".join(_MONTHS)
_DAYS = re.compile(r"(\d{2}\.\d{2}\.\d{4})\s*(?:г\.?\s*)?(?:по|-|–|—)\s*(\d{2}\.\d{2}\.\d{4})")
_OF_YEAR = r"\s+(\d{4})(?:\s*(?:г|ж)\.?)?"
_MONTH_SPAN = re.compile(
    rf"\b({_MONTH_NAMES})(?:{_OF_YEAR})?\s*[-–—]\s*({_MONTH_NAMES}){_OF_YEAR}|\b({_MONTH_NAMES}){_OF_YEAR}"
    rf"|(\d{{4}})\s*(?:жылғы|ж\.)\s*({_MONTH_NAMES})",
    re.IGNORECASE,
)
_PART_OF_YEAR = re.compile(
    r"\b([1-4])\s*(?:-?й\s*)?квартал\w*\s+(\d{4})|\b([12])\s*полугоди\w*\s+(\d{4})", re.IGNORECASE
)
_MONTHS_OF_YEAR = re.compile(r"\b(\d{1,2})\s+месяц\w*\s+(\d{4})", re.IGNORECASE)
_YEAR = re.compile(r"\bза\s+(\d{4})\s*г", re.IGNORECASE)


def span_in(text: str) -> MonthSpan | None:
    """The months that a title names; ``None`` where it names none."""
    if found := _DAYS.search(text):
        try:
            return MonthSpan.of(day_of(found[1]), day_of(found[2]))
        except DomainError:
            return None
    if found := _MONTH_SPAN.search(text):
        first, of_first, last, of_last, only, of_only, kk_year, kk_month = found.groups()
        if first:
            return _between(int(of_first or of_last), _month_number(first), int(of_last), _month_number(last))
        month = _month_number(only or kk_month)
        return _between(int(of_only or kk_year), month, int(of_only or kk_year), month)
    if found := _PART_OF_YEAR.search(text):
        quarter, of_quarter, half, of_half = found.groups()
        if quarter:
            return _span(int(of_quarter), 3 * int(quarter) - 2, 3 * int(quarter))
        return _span(int(of_half), 6 * int(half) - 5, 6 * int(half))
    if found := _MONTHS_OF_YEAR.search(text):
        return _span(int(found[2]), 1, int(found[1]))
    if found := _YEAR.search(text):
        return _span(int(found[1]), 1, 12)
    return None


def _month_number(name: str) -> int:
    return next(n for n, names in enumerate(_MONTHS, start=1) if re.fullmatch(names, name, re.IGNORECASE))


def _span(year: int, first: int, last: int) -> MonthSpan | None:
    return _between(year, first, year, last)


def _between(first_year: int, first: int, last_year: int, last: int) -> MonthSpan | None:
    if not (1 <= first <= 12 and 1 <= last <= 12 and 1991 <= first_year <= last_year < 2200):
        return None
    begins, ends = date(first_year, first, 1), date(last_year, last, 1)
    return MonthSpan(begins, ends) if begins <= ends else None
