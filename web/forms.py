"""What was typed into a form, kept as typed, and the command it makes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

from pydantic import ValidationError

from erp.base.dates import day_string, parse_day
from erp.base.errors import DomainError, Invalid, RuleViolated
from erp.base.money import MOST_PLACES, decimal_string, parse_scaled, parse_tiyn, scaled_string
from erp.finance.approvals.model import PreparedView
from erp.finance.journal.model import EntryView, Side
from erp.finance.journal.schemas import QUANTITY_PLACES, Command, CorrectEntry, PostEntry
from ledger.errors import TooManyPostings, YearOutOfRange
from ledger.model import Dimension
from web.i18n import measure, money

T = TypeVar("T")
C = TypeVar("C", bound=Command)
Faults = dict[str, Exception]

_LONGEST = {"memo": 1000, "reason": 1000, "document_number": 60, "code": 60}
_SHORTEST_REASON = 3
_YEARS = range(1991, 2200)  # that the ledger keeps


class Empty(RuleViolated):
    code = "field-empty"
    template = "Fill in this field."


class TooLong(RuleViolated):
    code = "field-too-long"
    template = "This is too long: at most {limit} characters."


class NotTaken(RuleViolated):
    code = "field-not-taken"
    template = "This cannot be taken as it is typed. Type it anew."


class ReasonTooShort(RuleViolated):
    code = "reason-too-short"
    template = "Say why, in at least {limit} characters."


class KeyDamaged(RuleViolated):
    code = "key-damaged"
    template = "The form is damaged. Open it again from the journal."


def tidy(text: str) -> str:
    """What was typed without blanks around it, and without NUL, which no database keeps."""
    return text.replace("\0", "").strip()


def day_typed(text: str) -> date | None:
    """The day in a date field, if it can be read."""
    try:
        return parse_day(text)
    except DomainError:
        return None


def kept_day(text: str) -> date:
    """A day of the years that books are kept for.  Raises: DayMalformed, YearOutOfRange."""
    day = parse_day(text)
    if day.year not in _YEARS:
        raise YearOutOfRange(year=day.year)
    return day


def _day_before_another(text: str) -> date:
    """A last day: the day after it is kept as well.  Raises: as ``kept_day``."""
    day = kept_day(text)
    kept_day(day_string(day + timedelta(days=1)))
    return day


@dataclass(frozen=True)
class TypedSide:
    """One side of a line as typed; dimensions by slug."""

    account: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    quantity: str = ""
    currency_amount: str = ""

    @classmethod
    def of(cls, side: Side | None) -> "TypedSide":
        if side is None:
            return cls()
        return cls(
            side.account.code,
            {value.dimension.slug: value.code for value in side.dimensions},
            measure(side.quantity) if side.quantity else "",
            measure(side.currency) if side.currency else "",
        )

    @property
    def blank(self) -> bool:
        return not (self.account or any(self.dimensions.values()) or self.quantity or self.currency_amount)

    @property
    def codes(self) -> Iterator[tuple[str, str]]:
        """Everything typed, by the name of its field within the side."""
        yield "account", self.account
        for slug, code in self.dimensions.items():
            yield f"dimensions.{slug}", code

    @property
    def content(self) -> dict[str, Any]:
        """Of a side whose numbers can be read."""
        return {
            "account": self.account,
            "dimensions": {slug: code for slug, code in self.dimensions.items() if code},
            **{
                name: scaled_string(parse_scaled(number, places), places)
                for name, number, places in self.numbers
                if number
            },
        }

    @property
    def numbers(self) -> Iterator[tuple[str, str, int]]:
        """What was typed beside the codes, by the name of its field, with the decimal places it may have."""
        yield "quantity", self.quantity, QUANTITY_PLACES
        yield "currency_amount", self.currency_amount, MOST_PLACES


@dataclass(frozen=True)
class TypedLine:
    debit: TypedSide = field(default_factory=TypedSide)
    credit: TypedSide = field(default_factory=TypedSide)
    amount: str = ""
    memo: str = ""

    @property
    def blank(self) -> bool:
        return self.debit.blank and self.credit.blank and not self.amount and not self.memo

    @property
    def content(self) -> dict[str, Any]:
        """Of a line whose amount can be read."""
        return {
            "debit": self.debit.content,
            "credit": self.credit.content,
            "amount": decimal_string(parse_tiyn(self.amount)),
            "memo": self.memo or None,
        }


@dataclass(frozen=True)
class EntryForm:
    """The entry form as typed; ``key`` makes a second sending of it harmless."""

    key: str
    journal: str = ""
    effective_on: str = ""
    memo: str = ""
    document_number: str = ""
    document_on: str = ""
    lines: tuple[TypedLine, ...] = (TypedLine(),)

    @classmethod
    def new(cls, **typed: Any) -> "EntryForm":
        return cls(str(uuid4()), **typed)

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "EntryForm":
        """What a browser sent; lines are numbered anew, in the order of their numbers."""
        return cls(
            key=sent.get("key", ""),
            **{name: tidy(sent.get(name, "")) for name in _HEAD},
            lines=tuple(_lines(sent)) or (TypedLine(),),
        )

    @classmethod
    def copy_of(cls, entry: EntryView, on: date) -> "EntryForm":
        """A new form with an entry's content, dated ``on``."""
        return cls._with_content_of(entry, str(uuid4()), on)

    @classmethod
    def of_prepared(cls, entry: PreparedView, key: UUID) -> "EntryForm":
        """The form that mends a prepared entry."""
        return cls._with_content_of(entry, str(key), entry.effective_on)

    @classmethod
    def _with_content_of(cls, entry: EntryView | PreparedView, key: str, on: date) -> "EntryForm":
        return cls(
            key,
            journal=entry.journal.code,
            effective_on=day_string(on),
            memo=entry.memo,
            document_number=entry.document_number,
            document_on=day_string(entry.document_on) if entry.document_on else "",
            lines=tuple(
                TypedLine(TypedSide.of(p.debit), TypedSide.of(p.credit), money(p.amount_tiyn), p.memo or "")
                for p in entry.postings
            ),
        )

    def with_new_key(self) -> "EntryForm":
        return replace(self, key=str(uuid4()))

    def without_blank_lines(self) -> "EntryForm":
        kept = tuple(line for line in self.lines if not line.blank)
        return replace(self, lines=kept or (TypedLine(),))

    def add_line(self) -> "EntryForm":
        return replace(self, lines=(*self.lines, TypedLine()))

    def with_typical(self, memo: str, debit: str, credit: str) -> "EntryForm":
        """The accounts of a typical entry on the first blank line, or on a new one; a text where there is none yet."""
        filled = TypedLine(TypedSide(debit), TypedSide(credit))
        place = next((at for at, line in enumerate(self.lines) if line.blank), len(self.lines))
        return replace(self, memo=self.memo or memo, lines=(*self.lines[:place], filled, *self.lines[place + 1 :]))

    def copy_line(self, index: int) -> "EntryForm":
        return replace(self, lines=(*self.lines[: index + 1], *self.lines[index:]))

    def remove_line(self, index: int) -> "EntryForm":
        kept = (*self.lines[:index], *self.lines[index + 1 :])
        return replace(self, lines=kept or (TypedLine(),))

    @property
    def total_tiyn(self) -> int:
        """Sum of the amounts that can be read."""
        return sum(_readable(line.amount) for line in self.lines)

    @property
    def day(self) -> date | None:
        """The entry's day, if it can be read."""
        return day_typed(self.effective_on)

    def _sides(self) -> Iterator[tuple[str, TypedSide]]:
        for index, line in enumerate(self.lines):
            yield f"postings.{index}.debit", line.debit
            yield f"postings.{index}.credit", line.credit

    def command(self) -> PostEntry:
        """Raises: Invalid, with every field that cannot be read."""
        read = _Reader()
        key = read("", self.key, _key)
        effective_on = read("effective_on", self.effective_on, _required(parse_day))
        document_on = read("document_on", self.document_on, _optional(parse_day))
        memo = read("memo", self.memo, _required(_text("memo")))
        document_number = read("document_number", self.document_number, _text("document_number"))
        read("journal", self.journal, _text("code"))
        for place, side in self._sides():
            for name, text in side.codes:
                read(f"{place}.{name}", text, _text("code"))
            for name, text, places in side.numbers:
                read(f"{place}.{name}", text, _optional(partial(parse_scaled, places=places)))
        for index, line in enumerate(self.lines):
            read(f"postings.{index}.amount", line.amount, _required(parse_tiyn))
            read(f"postings.{index}.memo", line.memo, _text("memo"))
        read.finish()
        return _command(
            PostEntry,
            key=key,
            journal=self.journal,
            effective_on=effective_on,
            memo=memo,
            document_number=document_number,
            document_on=document_on,
            postings=[line.content for line in self.lines],
        )


@dataclass(frozen=True)
class CorrectionForm:
    key: str
    effective_on: str = ""
    reason: str = ""
    kind: str = "storno"

    @classmethod
    def new(cls, on: date) -> "CorrectionForm":
        return cls(str(uuid4()), day_string(on))

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "CorrectionForm":
        said = {name: tidy(sent.get(name, "")) for name in ("effective_on", "reason", "kind")}
        return cls(sent.get("key", ""), **said)

    def command(self) -> CorrectEntry:
        """Raises: Invalid."""
        read = _Reader()
        key = read("", self.key, _key)
        effective_on = read("effective_on", self.effective_on, _required(parse_day))
        reason = read("reason", self.reason, _required(_reason))
        read.finish()
        return _command(CorrectEntry, key=key, effective_on=effective_on, reason=reason, kind=self.kind)


class Reasoned(NamedTuple):
    key: UUID
    reason: str


@dataclass(frozen=True)
class ReasonForm:
    """A form that asks only why."""

    key: str
    reason: str = ""

    @classmethod
    def new(cls) -> "ReasonForm":
        return cls(str(uuid4()))

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "ReasonForm":
        return cls(sent.get("key", ""), tidy(sent.get("reason", "")))

    def key_read(self) -> UUID:
        """Raises: KeyDamaged."""
        return _key(self.key)

    def content(self) -> Reasoned:
        """Raises: Invalid, KeyDamaged."""
        read = _Reader()
        reason = read("reason", self.reason, _required(_reason))
        read.finish()
        return Reasoned(self.key_read(), reason or "")


@dataclass(frozen=True)
class DayForm:
    """A form that asks only from which day on."""

    since: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "DayForm":
        return cls(tidy(sent.get("since", "")))

    def day(self) -> date:
        """Raises: Invalid."""
        read = _Reader()
        day = read("since", self.since, _required(kept_day))
        read.finish()
        assert day is not None
        return day


class Allowance(NamedTuple):
    user_id: int
    since: date
    last: date
    reason: str


@dataclass(frozen=True)
class AllowanceForm:
    """Who may approve their own, from which day through which, and why."""

    user: str = ""
    since: str = ""
    last: str = ""
    reason: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "AllowanceForm":
        return cls(*(tidy(sent.get(name, "")) for name in ("user", "since", "last", "reason")))

    def content(self) -> Allowance:
        """Raises: Invalid."""
        read = _Reader()
        user = read("user", self.user, _required(_identifier))
        since = read("since", self.since, _required(kept_day))
        last = read("last", self.last, _required(_day_before_another))
        reason = read("reason", self.reason, _required(_reason))
        read.finish()
        assert user is not None
        assert since is not None
        assert last is not None
        return Allowance(user, since, last, reason or "")


_HEAD = ("journal", "effective_on", "memo", "document_number", "document_on")


def _lines(sent: Mapping[str, str]) -> Iterator[TypedLine]:
    """Lines of fields named ``postings.3.debit.dimensions.programme``, ``postings.3.amount`` …"""
    typed: dict[int, dict[str, str]] = {}
    for name, value in sent.items():
        first, _, rest = name.partition(".")
        number, _, inner = rest.partition(".")
        if first == "postings" and number.isdecimal() and len(number) < 7:
            typed.setdefault(int(number), {})[inner] = tidy(value)
    for _, fields in sorted(typed.items()):
        yield TypedLine(
            typed_side(fields, "debit."),
            typed_side(fields, "credit."),
            fields.get("amount", ""),
            fields.get("memo", ""),
        )


def typed_side(fields: Mapping[str, str], prefix: str = "") -> TypedSide:
    """A side from fields named ``account``, ``dimensions.<slug>``, ``quantity`` … after ``prefix``."""
    named = {d.slug: tidy(fields.get(f"{prefix}dimensions.{d.slug}", "")) for d in Dimension}
    account, quantity, amount = (
        tidy(fields.get(f"{prefix}{name}", "")) for name in ("account", "quantity", "currency_amount")
    )
    return TypedSide(account, {slug: code for slug, code in named.items() if code}, quantity, amount)


def _command(kind: type[C], /, **content: Any) -> C:
    """The command, which knows limits of its own.  Raises: Invalid, with the place of each field it does not take."""
    try:
        return kind.model_validate(content)
    except ValidationError as refusal:
        raise Invalid({_place(e["loc"]): _fault(e["type"], e.get("ctx", {})) for e in refusal.errors()}) from None


def _place(location: tuple[str | int, ...]) -> str:
    """The field's name in the form; the lines as a whole have none."""
    return "" if location == ("postings",) else ".".join(map(str, location))


def _fault(kind: str, facts: Mapping[str, Any]) -> Exception:
    if kind == "string_too_long":
        return TooLong(limit=facts["max_length"])
    if kind == "too_long":
        return TooManyPostings(found=facts["actual_length"], limit=facts["max_length"])
    return NotTaken()


class _Reader:
    """Reads field after field and gathers what cannot be read."""

    def __init__(self) -> None:
        self.faults: Faults = {}

    def __call__(self, name: str, text: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(text)
        except (DomainError, YearOutOfRange) as fault:
            self.faults[name] = fault
            return None

    def finish(self) -> None:
        """Raises: Invalid."""
        if self.faults:
            raise Invalid(self.faults)


def _required(read: Callable[[str], T]) -> Callable[[str], T]:
    def reader(text: str) -> T:
        if not text:
            raise Empty()
        return read(text)

    return reader


def _optional(read: Callable[[str], T]) -> Callable[[str], T | None]:
    return lambda text: read(text) if text else None


def _text(name: str) -> Callable[[str], str]:
    def reader(text: str) -> str:
        if len(text) > _LONGEST[name]:
            raise TooLong(limit=_LONGEST[name])
        return text

    return reader


def _reason(text: str) -> str:
    if len(text) < _SHORTEST_REASON:
        raise ReasonTooShort(limit=_SHORTEST_REASON)
    return _text("reason")(text)


def _identifier(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise NotTaken()
    return int(text)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise KeyDamaged() from None


def _readable(amount: str) -> int:
    try:
        return parse_tiyn(amount)
    except DomainError:
        return 0
