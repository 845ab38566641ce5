"""What a person accepted, as a file that is kept: every row of every entry as it is to be booked."""

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO
from itertools import groupby
from typing import NamedTuple

from erp.base.inert import inert
from erp.finance.drafts.model import Sheet, TypedRow, TypedSide
from erp.finance.intake.model import Gathered
from erp.reference.attachments.rules import clean_name
from ledger.model import Dimension

MEDIA_TYPE = "text/csv"
_SIDE = ("account", "quantity", "currency_amount", *(f"dimensions.{d.slug}" for d in Dimension))
_HEAD = ("journal", "effective_on", "document_number", "document_on", "memo")
_COLUMNS = ("row", *_HEAD, *(f"{side}.{name}" for side in ("debit", "credit") for name in _SIDE), "amount", "text")
_WHY = "why refused"
_NUMBER = re.compile(r"[+-]?[0-9][0-9 \u00a0]*([.,][0-9]+)?")
_ENDINGS = ("xlsx", "xls", "ods", "csv", "txt")


class Accepted(NamedTuple):
    """An entry of the file: the number of the row it begins in, where it was brought, and what it says."""

    row: int
    sheet: Sheet


def file_name(brought: str) -> str:
    """Of the file, by what was brought: ``март.xlsx`` becomes ``март.csv``."""
    stem, dot, ending = brought.rpartition(".")
    return clean_name(f"{stem if dot and ending.lower() in _ENDINGS else brought}.csv")


def written(entries: Iterable[Gathered]) -> bytes:
    """The file of the entries that were accepted."""
    return rewritten((Accepted(entry.lines[0].number, entry.sheet) for entry in entries), lambda entry: "")


def rewritten(entries: Iterable[Accepted], why: Callable[[Accepted], str]) -> bytes:
    """The same of some of them, with a reason at each."""
    text = StringIO(newline="")
    rows = csv.writer(text, delimiter=";")
    rows.writerow([*_COLUMNS, _WHY])
    for entry in entries:
        head = [getattr(entry.sheet, name) for name in _HEAD]
        reason = why(entry)
        for row in entry.sheet.rows:
            sides = [cell for side in (row.debit, row.credit) for cell in _cells(side)]
            rows.writerow([entry.row, *map(_harmless, (*head, *sides, row.amount, row.memo, reason))])
    return text.getvalue().encode("utf-8-sig")


def read(content: bytes) -> list[Accepted]:
    """What ``written`` wrote."""
    rows = csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
    typed = ({name: text.removeprefix("'") for name, text in row.items()} for row in rows)
    return [_entry(int(row), list(of_entry)) for row, of_entry in groupby(typed, lambda each: each["row"])]


def _harmless(text: str) -> str:
    """With an apostrophe, which ``read`` takes away, before what a spreadsheet would run; a number is run by none."""
    return text if _NUMBER.fullmatch(text) else f"'{text}" if text.startswith("'") else inert(text)


def _entry(row: int, lines: Sequence[Mapping[str, str]]) -> Accepted:
    head = {name: lines[0][name] for name in _HEAD}
    rows = tuple(TypedRow(_side(line, "debit"), _side(line, "credit"), line["amount"], line["text"]) for line in lines)
    return Accepted(row, Sheet(**head, rows=rows))


def _cells(side: TypedSide) -> list[str]:
    return [
        side.account, side.quantity, side.currency_amount, *(side.dimensions.get(d.slug, "") for d in Dimension),
    ]  # fmt: skip


def _side(line: Mapping[str, str], side: str) -> TypedSide:
    codes = {d.slug: code for d in Dimension if (code := line[f"{side}.dimensions.{d.slug}"])}
    return TypedSide(line[f"{side}.account"], codes, line[f"{side}.quantity"], line[f"{side}.currency_amount"])
