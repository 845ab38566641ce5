"""A table: columns that know what they hold, rows, totals.  Its words are in the reader's language already."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from erp.base.i18n import Language

Value = str | int | date | None
"""Of a column of days also a word in the place of one: Opening balance."""


class Kind(StrEnum):
    """What a column holds: ``MONEY`` is integer tiyn, ``BALANCE`` too, with the side it stands on by its sign."""

    TEXT = "text"
    CODE = "code"
    DAY = "day"
    MONEY = "money"
    BALANCE = "balance"
    COUNT = "count"

    @property
    def is_number(self) -> bool:
        return self in (Kind.MONEY, Kind.BALANCE, Kind.COUNT)


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    kind: Kind = Kind.TEXT
    group: str = ""
    """A title above that neighbours share: Opening balance."""
    is_total: bool = False
    """Whether the foot shows the sum of its counted rows."""
    width: int = 0
    """In characters; the kind's usual where 0."""


@dataclass(frozen=True, slots=True)
class Row:
    """``values`` by column; ``urls``, where there are some, lead from them to what they are made of."""

    values: Sequence[Value]
    urls: Sequence[str] = ()
    id: str = ""
    depth: int = 0
    is_heading: bool = False
    is_counted: bool = True
    """Whether the totals count it: headings sum other rows, off-balance accounts stand outside."""


@dataclass(frozen=True)
class Table:
    title: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    """A sequence, or for a long list whatever gives them once."""
    total_label: str = ""
    total_urls: Mapping[int, str] = field(default_factory=dict)
    after: Sequence[Row] = ()
    """Rows that stand below the totals."""
    is_flat: bool = True
    """Whether every row is counted."""

    def totals(self) -> list[int | None]:
        """By column: the sum of its counted rows, where the foot shows one."""
        counted = [row.values for row in self.rows if row.is_counted]
        return [
            sum(value for values in counted if isinstance(value := values[at], int)) if column.is_total else None
            for at, column in enumerate(self.columns)
        ]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Titles above the columns with how many each spans; empty where a column has none."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and column.group and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans if any(title for title, _ in spans) else []


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself above its table: the organisation, the period, who made it and when.

    What follows ``made`` is for paper alone.
    """

    facts: Sequence[tuple[str, str]]
    """The organisation first, without a name of the fact."""
    made_at: datetime
    file_name: str
    """Without its ending."""
    made: str = ""
    """When it was made, by whom."""
    language: Language = Language.EN
    form: str = ""
    """The official form it follows, and whether that is verified."""
    notes: Sequence[str] = ()
    signers: Sequence[str] = ()
    """Who signs it by hand."""
