"""What was typed into a form, kept as typed, and the command it makes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel, ValidationError

from erp.base.dates import day_string, parse_day
from erp.base.errors import DomainError, Invalid, RuleViolated
from erp.base.money import parse_tiyn
from erp.finance.approvals.model import PreparedView
from erp.finance.drafts import rules as drafts
from erp.finance.drafts.model import Draft, Sheet, TypedRow, TypedSide
from erp.finance.drafts.rules import Empty as Empty
from erp.finance.drafts.rules import TooLong as TooLong
from erp.finance.drafts.rules import kept_day as kept_day
from erp.finance.journal.model import EntryView, Side
from erp.finance.journal.schemas import CorrectEntry, PostEntry
from ledger.errors import YearOutOfRange
from ledger.model import Dimension
from web.i18n import measure, money

T = TypeVar("T")
C = TypeVar("C", bound=BaseModel)

Place = tuple[int | str, ...]
"""Where in a command something is."""
Faults = dict[str, Exception]

_LONGEST_REASON = 1000
_SHORTEST_REASON = 3


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


def number_typed(text: str) -> int | None:
    """A number that the database may know something by; ``None`` where it can be none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def day_typed(text: str) -> date | None:
    """The day in a date field, if it can be read."""
    try:
        return parse_day(text)
    except DomainError:
        return None


def _day_before_another(text: str) -> date:
    """A last day: the day after it is kept as well.  Raises: as ``kept_day``."""
    day = kept_day(text)
    kept_day(day_string(day + timedelta(days=1)))
    return day


def typed_again(side: Side | None) -> TypedSide:
    """A side as somebody would type it."""
    if side is None:
        return TypedSide()
    return TypedSide(
        side.account.code,
        {value.dimension.slug: value.code for value in side.dimensions},
        measure(side.quantity) if side.quantity else "",
        measure(side.currency) if side.currency else "",
    )


@dataclass(frozen=True)
class EntryForm:
    """The entry form as typed; ``key`` makes a second sending of it harmless."""

    key: str
    journal: str = ""
    effective_on: str = ""
    memo: str = ""
    document_number: str = ""
    document_on: str = ""
    lines: tuple[TypedRow, ...] = (TypedRow(),)

    @classmethod
    def new(cls, **typed: Any) -> "EntryForm":
        return cls(str(uuid4()), **typed)

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "EntryForm":
        """What a browser sent; lines are numbered anew, in the order of their numbers."""
        return cls(
            key=sent.get("key", ""),
            **{name: tidy(sent.get(name, "")) for name in _HEAD},
            lines=tuple(_lines(sent)) or (TypedRow(),),
        )

    @classmethod
    def of_draft(cls, draft: Draft) -> "EntryForm":
        """The form of a draft, posted under its key."""
        head = {name: getattr(draft.sheet, name) for name in _HEAD}
        return cls(str(draft.key), **head, lines=draft.sheet.rows or (TypedRow(),))

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
                TypedRow(typed_again(p.debit), typed_again(p.credit), money(p.amount_tiyn), p.memo or "")
                for p in entry.postings
            ),
        )

    def with_new_key(self) -> "EntryForm":
        return replace(self, key=str(uuid4()))

    def without_blank_lines(self) -> "EntryForm":
        kept = tuple(line for line in self.lines if not line.blank)
        return replace(self, lines=kept or (TypedRow(),))

    def add_line(self) -> "EntryForm":
        return replace(self, lines=(*self.lines, TypedRow()))

    def with_typical(self, memo: str, debit: str, credit: str) -> "EntryForm":
        """The accounts of a typical entry on the first blank line, or on a new one; a text where there is none yet."""
        filled = TypedRow(TypedSide(debit), TypedSide(credit))
        place = next((at for at, line in enumerate(self.lines) if line.blank), len(self.lines))
        return replace(self, memo=self.memo or memo, lines=(*self.lines[:place], filled, *self.lines[place + 1 :]))

    def copy_line(self, index: int) -> "EntryForm":
        return replace(self, lines=(*self.lines[: index + 1], *self.lines[index:]))

    def remove_line(self, index: int) -> "EntryForm":
        kept = (*self.lines[:index], *self.lines[index + 1 :])
        return replace(self, lines=kept or (TypedRow(),))

    @property
    def total_tiyn(self) -> int:
        """Sum of the amounts that can be read."""
        return sum(_readable(line.amount) for line in self.lines)

    @property
    def day(self) -> date | None:
        """The entry's day, if it can be read."""
        return day_typed(self.effective_on)

    @property
    def sheet(self) -> Sheet:
        """What is typed, as a draft keeps it."""
        return Sheet(**{name: getattr(self, name) for name in _HEAD}, rows=self.lines)

    def command(self) -> PostEntry:
        """Raises: Invalid, with every field that cannot be read."""
        read = _Reader()
        key = read("", self.key, key_typed)
        reading = drafts.read(self.sheet)
        read.faults |= {fault.place: fault.fault for fault in reading.faults}
        read.finish()
        assert key is not None
        return reading.command(key)


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
        key = read("", self.key, key_typed)
        effective_on = read("effective_on", self.effective_on, _required(parse_day))
        reason = read("reason", self.reason, _required(reason_typed))
        read.finish()
        said = {"key": key, "effective_on": effective_on, "reason": reason, "kind": self.kind}
        return made(CorrectEntry, said)


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
        return key_typed(self.key)

    def content(self) -> Reasoned:
        """Raises: Invalid, KeyDamaged."""
        read = _Reader()
        reason = read("reason", self.reason, _required(reason_typed))
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
        reason = read("reason", self.reason, _required(reason_typed))
        read.finish()
        assert user is not None
        assert since is not None
        assert last is not None
        return Allowance(user, since, last, reason or "")


_HEAD = ("journal", "effective_on", "memo", "document_number", "document_on")


def _lines(sent: Mapping[str, str]) -> Iterator[TypedRow]:
    """Lines of fields named ``postings.3.debit.dimensions.programme``, ``postings.3.amount`` …"""
    typed: dict[int, dict[str, str]] = {}
    for name, value in sent.items():
        first, _, rest = name.partition(".")
        number, _, inner = rest.partition(".")
        if first == "postings" and number.isdecimal() and len(number) < 7:
            typed.setdefault(int(number), {})[inner] = tidy(value)
    for _, fields in sorted(typed.items()):
        yield TypedRow(
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


def made(
    kind: type[C],
    content: Mapping[str, Any],
    *,
    at: Callable[[Place], str] = lambda place: ".".join(map(str, place)),
    fault: DomainError | None = None,
) -> C:
    """The command, which knows limits of its own.

    Raises: Invalid, at the field ``at`` each place of the content that it does not take.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as refusal:
        raise Invalid({at(each["loc"]): fault or NotTaken() for each in refusal.errors()}) from None


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


def reason_typed(text: str) -> str:
    if len(text) < _SHORTEST_REASON:
        raise ReasonTooShort(limit=_SHORTEST_REASON)
    if len(text) > _LONGEST_REASON:
        raise TooLong(limit=_LONGEST_REASON)
    return text


def _identifier(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise NotTaken()
    return int(text)


def key_typed(text: str) -> UUID:
    """Raises: KeyDamaged."""
    try:
        return UUID(text)
    except ValueError:
        raise KeyDamaged() from None


def _readable(amount: str) -> int:
    try:
        return parse_tiyn(amount)
    except DomainError:
        return 0
