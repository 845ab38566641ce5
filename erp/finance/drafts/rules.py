"""Pure rules of drafts: how a sheet is kept, and how what was typed is read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from erp.base.commands import QUANTITY_PLACES
from erp.base.dates import DayMalformed, parse_day
from erp.base.errors import Conflict, DomainError, NotFound, RuleViolated
from erp.base.money import MOST_PLACES, decimal_string, parse_scaled, parse_tiyn, scaled_string
from erp.finance.drafts.model import MOST_ROWS, CellFault, DraftState, Sheet, TypedRow, TypedSide
from erp.finance.journal import rules as journal
from erp.finance.journal.rules import Registered
from erp.finance.journal.schemas import PostEntry, PostingInput
from ledger.errors import LedgerError, NoPostings, TooManyPostings, YearOutOfRange
from ledger.model import Dimension

T = TypeVar("T")

KEPT_DAYS = 30
"""How long a draft that was thrown away, or that became an entry, is kept."""
LONGEST = {"memo": 1000, "document_number": 60, "code": 60, "number": 60}
_YEARS = range(1991, 2200)  # that the ledger keeps


class DraftUnknown(NotFound):
    code = "draft-unknown"
    template = "There is no such draft among yours."


class DraftChanged(Conflict):
    code = "draft-changed"
    template = "This draft was changed in another window since. Take what is there, or keep yours as a new draft."


class DraftSent(Conflict):
    code = "draft-sent"
    template = "This draft has become an entry and changes no more."


class SettlementGone(Conflict):
    code = "settlement-gone"
    template = "What this draft settles was declined or taken back meanwhile. Discard the draft."


class DraftDiscarded(Conflict):
    code = "draft-discarded"
    template = "This draft was thrown away. Take it back first."


class Empty(RuleViolated):
    code = "field-empty"
    template = "Fill in this field."


class TooLong(RuleViolated):
    code = "field-too-long"
    template = "This is too long: at most {limit} characters."


def require_changeable(state: DraftState, version: int, seen: int) -> None:
    """Let who has seen a version change an open draft.  Raises: DraftSent, DraftDiscarded, DraftChanged."""
    if state in (DraftState.POSTED, DraftState.PREPARED):
        raise DraftSent()
    if state is DraftState.DISCARDED:
        raise DraftDiscarded()
    if version != seen:
        raise DraftChanged()


# ------------------------------------------------------------------------------------------------ as it is kept


def document_of(sheet: Sheet) -> dict[str, Any]:
    """A sheet as it is kept: what is empty is left out.  Raises: TooManyPostings."""
    if len(sheet.rows) > MOST_ROWS:
        raise TooManyPostings(found=len(sheet.rows), limit=MOST_ROWS)
    return _filled({name: getattr(sheet, name) for name in _HEAD}) | {"rows": [_kept_row(row) for row in sheet.rows]}


def sheet_of(document: Mapping[str, Any]) -> Sheet:
    return Sheet(
        **{name: document.get(name, "") for name in _HEAD},
        rows=tuple(
            TypedRow(
                _typed_side(row.get("debit", {})),
                _typed_side(row.get("credit", {})),
                row.get("amount", ""),
                row.get("memo", ""),
            )
            for row in document["rows"]
        ),
    )


_HEAD = ("journal", "effective_on", "document_number", "document_on", "memo")


def _kept_row(row: TypedRow) -> dict[str, Any]:
    sides = {"debit": _kept_side(row.debit), "credit": _kept_side(row.credit)}
    return {name: side for name, side in sides.items() if side} | _filled({"amount": row.amount, "memo": row.memo})


def _kept_side(side: TypedSide) -> dict[str, Any]:
    dimensions = _filled(side.dimensions)
    kept = _filled({"account": side.account, "quantity": side.quantity, "currency_amount": side.currency_amount})
    return kept | ({"dimensions": dimensions} if dimensions else {})


def _filled(texts: Mapping[str, str]) -> dict[str, Any]:
    """Without NUL, which no database keeps."""
    return {name: text.replace("\0", "") for name, text in texts.items() if text}


def _typed_side(kept: Mapping[str, Any]) -> TypedSide:
    return TypedSide(
        kept.get("account", ""), kept.get("dimensions", {}), kept.get("quantity", ""), kept.get("currency_amount", "")
    )


# ------------------------------------------------------------------------------------------------ as it is read


@dataclass
class Reading:
    """What could be read of a sheet.  Where a cell could not, something harmless stands in its place."""

    head: dict[str, Any]
    postings: dict[int, PostingInput]
    """By the place of the row."""
    faults: list[CellFault] = field(default_factory=list)

    @property
    def day(self) -> date | None:
        day: date | None = self.head["effective_on"]
        return day

    def command(self, key: UUID) -> PostEntry:
        """Of a sheet without faults."""
        assert not self.faults
        return PostEntry.model_validate({"key": key, "postings": list(self.postings.values())} | self.head)


def read(sheet: Sheet) -> Reading:
    """Read every cell; rows that say nothing are left out."""
    reader = _Reader(None)
    head = {
        "journal": reader("journal", sheet.journal, _required(_text("code"))) or "",
        "effective_on": reader("effective_on", sheet.effective_on, _required(kept_day)),
        "document_number": reader("document_number", sheet.document_number, _text("document_number")) or "",
        "document_on": reader("document_on", sheet.document_on, _optional(kept_day)),
        "memo": reader("memo", sheet.memo, _required(_text("memo"))) or "",
    }
    if not sheet.rows:
        reader.faults.append(CellFault(None, "", NoPostings()))
    if len(sheet.rows) > MOST_ROWS:
        reader.faults.append(CellFault(None, "", TooManyPostings(found=len(sheet.rows), limit=MOST_ROWS)))
    postings, faults = {}, reader.faults
    for place, row in sheet.told:
        reader = _Reader(place)
        postings[place] = PostingInput.model_validate(
            {
                "debit": _side(reader, "debit", row.debit),
                "credit": _side(reader, "credit", row.credit),
                "amount": decimal_string(reader("amount", row.amount, _required(_short("number", parse_tiyn))) or 0),
                "memo": reader("memo", row.memo, _text("memo")) or None,
            }
        )
        faults += reader.faults
    return Reading(head, postings, faults)


def row_faults(reading: Reading, registered: Registered) -> Iterator[CellFault]:
    """Every fault of every row, cell by cell: what cannot be read, and what the books would refuse.

    How the sides of a row go together is looked at where nothing else is wrong with it, as the journal does.
    """
    unreadable: dict[int | None, list[CellFault]] = {}
    for each in reading.faults:
        unreadable.setdefault(each.row, []).append(each)
    for place, posting in reading.postings.items():
        unread = {each.field: each.fault for each in unreadable.get(place, ())}
        found = journal.sides_faults(posting, registered) | unread
        for name, fault in (found or journal.pair_faults(posting, registered.chart)).items():
            yield CellFault(place, name, fault)


def kept_day(text: str) -> date:
    """A day of the years that books are kept for.  Raises: DayMalformed, YearOutOfRange."""
    day = parse_day(text)
    require_kept(day)
    return day


def dated_on(sheet: Sheet) -> date | None:
    """The day of the head, where what is typed there is one."""
    with suppress(DayMalformed):
        return parse_day(sheet.effective_on)
    return None


def require_kept(day: date) -> None:
    """Raises: YearOutOfRange, where no books are kept for its year."""
    if day.year not in _YEARS:
        raise YearOutOfRange(year=day.year)


class _Reader:
    """Reads cell after cell of one row and gathers what cannot be read."""

    def __init__(self, row: int | None) -> None:
        self._row = row
        self.faults: list[CellFault] = []

    def __call__(self, name: str, text: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(text.strip())
        except (DomainError, LedgerError) as fault:
            self.faults.append(CellFault(self._row, name, fault))
            return None


def _side(reader: _Reader, name: str, side: TypedSide) -> dict[str, Any]:
    read = partial(_number, reader)
    codes = {slug: reader(f"{name}.dimensions.{slug}", code, _text("code")) for slug, code in side.dimensions.items()}
    return {
        "account": reader(f"{name}.account", side.account, _text("code")) or "",
        "dimensions": {Dimension.of(slug): code for slug, code in codes.items() if code},
        "quantity": read(f"{name}.quantity", side.quantity, QUANTITY_PLACES),
        "currency_amount": read(f"{name}.currency_amount", side.currency_amount, MOST_PLACES),
    }


def _number(reader: _Reader, name: str, text: str, places: int) -> str | None:
    """As programs write it; nothing where nothing stands, zero for what cannot be read."""
    if not text.strip():
        return None
    return scaled_string(reader(name, text, _short("number", partial(parse_scaled, places=places))) or 0, places)


def _required(read: Callable[[str], T]) -> Callable[[str], T]:
    def reader(text: str) -> T:
        if not text:
            raise Empty()
        return read(text)

    return reader


def _optional(read: Callable[[str], T]) -> Callable[[str], T | None]:
    return lambda text: read(text) if text else None


def _short(name: str, read: Callable[[str], T]) -> Callable[[str], T]:
    return lambda text: read(_text(name)(text))


def _text(name: str) -> Callable[[str], str]:
    def reader(text: str) -> str:
        if len(text) > LONGEST[name]:
            raise TooLong(limit=LONGEST[name])
        return text

    return reader
