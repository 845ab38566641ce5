"""What a cell says: its text, and the day or the amount that it is.

Amounts and days as people type them are read by ``erp.base.money`` and ``erp.base.dates``; here is only what a
spreadsheet adds: numbers, days that are numbers, a time of day beside a day.
"""

import math
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from erp.base.dates import DayMalformed, day_string, parse_day
from erp.base.money import AmountMalformed, parse_tiyn, shortened, tiyn_of_number

_TIME_OF_DAY = re.compile(r"[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")
_PLAIN_AMOUNT = re.compile(r"([0-9]{1,12})[.,]([0-9]{2})").fullmatch
_SERIAL = re.compile(r"[0-9]{5,6}")
_LONGEST_AMOUNT = 40
_EPOCH = date(1899, 12, 30)
_SERIALS = range(33_239, 109_575)  # 1991 to 2199: the years that books are kept for


_FAILED = re.compile(r"#[\w/]+[!?]|#N/A|#Н/Д|#GETTING_DATA|Err:[0-9]{3}")


def has_failed(text: str) -> bool:
    """Whether a cell says that its formula failed, in the words of Excel or LibreOffice: ``#REF!``, ``#Н/Д``."""
    return _FAILED.fullmatch(text) is not None


def text_of(value: object) -> str:
    """What a cell says, in one line: a number with the digits a spreadsheet shows, a day as dd.mm.yyyy."""
    if isinstance(value, str):
        if value.isalnum():
            return value
        return " ".join((value.replace("\x00", " ") if "\x00" in value else value).split())
    if isinstance(value, float):
        return _number_text(value)
    if isinstance(value, datetime) and (value.hour or value.minute or value.second):
        return f"{value:%d.%m.%Y %H:%M:%S}"
    if isinstance(value, date):
        return day_string(value)
    return str(value)


def _number_text(number: float) -> str:
    """Fifteen significant digits, which are all that a spreadsheet keeps: 0.1 + 0.2 is 0.3 there."""
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    shown = f"{number:.15g}"
    return f"{Decimal(shown):f}" if "e" in shown else shown


def day_of(value: object) -> date:
    """The day of a cell: typed, a spreadsheet's own, or its number; a time of day is dropped.  Raises: DayMalformed."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _day_of_serial(value)
    return _day_of_text(text_of(value))


def _day_of_serial(number: float) -> date:
    if math.isfinite(number) and int(number) in _SERIALS:
        return _EPOCH + timedelta(days=int(number))
    raise DayMalformed(text=_number_text(float(number)))


@lru_cache(maxsize=4096)
def _day_of_text(text: str) -> date:
    return _day_of_serial(int(text)) if _SERIAL.fullmatch(text) else parse_day(_TIME_OF_DAY.sub("", text))


def tiyn_of(value: object) -> int:
    """Tiyn of a cell, typed or a spreadsheet's number.  Raises: AmountMalformed, AmountOutOfRange."""
    if isinstance(value, str) and (plain := _PLAIN_AMOUNT(value)):
        return int(plain[1] + plain[2])
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return tiyn_of_number(value)
    text = text_of(value)
    if isinstance(value, str) and len(text) <= _LONGEST_AMOUNT:
        return parse_tiyn(text)
    raise AmountMalformed(text=shortened(text))
