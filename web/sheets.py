"""A page with one small form: its fields are listed, what was typed comes back with what is wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

from litestar import Response
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit
from erp.base.dates import DayMalformed, day_string, parse_day
from erp.base.errors import Conflict, Invalid, NotPermitted, RuleViolated
from erp.base.i18n import Language
from web.faults import Fault, Refusal, fault_sheet
from web.forms import Empty, NotTaken, tidy
from web.i18n import speech
from web.pages import Ask, render, visit_of
from web.session import Choice, Sent, choice_in, remember

T = TypeVar("T")

_YEARS = range(1900, 2200)


@dataclass(frozen=True)
class Option:
    """``label`` is in the reader's language already."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """``label`` and ``hint`` are messages; ``kind`` is text, password, day, select, check or hidden."""

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    required: bool = True
    hint: str = ""
    options: Sequence[Option] = ()
    autocomplete: str = "off"


@dataclass(frozen=True)
class Sheet:
    """``title``, ``lead`` and ``button`` are messages; ``about`` is whom or what it concerns."""

    title: str
    button: str
    back: str
    fields: tuple[Field, ...] = ()
    lead: str = ""
    about: str = ""
    danger: bool = False
    layout: str = "admin/base.html"
    section: str = ""

    def filled(self, sent: Mapping[str, str]) -> "Sheet":
        """With what was typed; passwords are typed anew."""

        def value(field: Field) -> str:
            return "" if field.kind == "password" else tidy(sent.get(field.name, ""))

        return replace(self, fields=tuple(replace(field, value=value(field)) for field in self.fields))


class Typed:
    """What a sheet's form sent; faults are gathered, and told together by ``check``."""

    def __init__(self, sent: Mapping[str, str]) -> None:
        self._sent = sent
        self._faults: dict[str, Exception] = {}

    def text(self, name: str) -> str:
        typed = tidy(self._sent.get(name, ""))
        if not typed:
            self._faults[name] = Empty()
        return typed

    def secret(self, name: str) -> str:
        """As typed: blanks count in a password."""
        typed = self._sent.get(name, "")
        if not typed:
            self._faults[name] = Empty()
        return typed

    def day(self, name: str) -> date:
        return self.day_or_none(name, needed=True) or date.min

    def day_or_none(self, name: str, *, needed: bool = False) -> date | None:
        typed = tidy(self._sent.get(name, ""))
        if not typed:
            if needed:
                self._faults[name] = Empty()
            return None
        try:
            day = parse_day(typed)
            if day.year not in _YEARS:
                raise DayMalformed(text=typed)
        except DayMalformed as fault:
            self._faults[name] = fault
            return None
        return day

    def number(self, name: str) -> int:
        """An id chosen from a list."""
        return self.number_or_none(name, needed=True) or 0

    def number_or_none(self, name: str, *, needed: bool = False) -> int | None:
        typed = tidy(self._sent.get(name, ""))
        if typed.isascii() and typed.isdigit() and len(typed) < 10:
            return int(typed)
        if typed:
            self._faults[name] = NotTaken()
        elif needed:
            self._faults[name] = Empty()
        return None

    def choice(self, name: str, make: Callable[[str], T], otherwise: T) -> T:
        """One of an enumeration."""
        typed = self.text(name)
        try:
            return make(typed)
        except ValueError:
            self._faults.setdefault(name, NotTaken())
            return otherwise

    def raw(self, name: str) -> str:
        return self._sent.get(name, "")

    def refuse(self, name: str, fault: Exception) -> None:
        """Gather a fault that the page itself has found; one found before stays."""
        self._faults.setdefault(name, fault)

    def ticked(self, name: str) -> bool:
        return self._sent.get(name, "") == "on"

    def check(self) -> None:
        """Raises: Invalid."""
        if self._faults:
            raise Invalid(self._faults)


def day_field(name: str, label: str, value: date | None = None, *, required: bool = True, hint: str = "") -> Field:
    return Field(name, label, "day", day_string(value) if value else "", required, hint)


def show(
    request: Ask,
    sheet: Sheet,
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
    template: str = "sheet.html",
    **context: Any,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    language = chosen.language or visit.language
    faults = fault_sheet(refusal, language)
    return render(
        request,
        template,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section=sheet.section,
        form_id="sheet",
        form_default="send",
        sheet=sheet,
        faults=faults.by_field,
        summary=[_placed(fault, sheet, language) for fault in faults.summary],
        **context,
    )


def _placed(fault: Fault, sheet: Sheet, language: Language) -> Fault:
    """Under the label of its field; one of no field of this sheet leads nowhere."""
    label = next((field.label for field in sheet.fields if field.name == fault.field), "")
    return Fault(fault.field, said(label, language), fault.text) if label else Fault("", "", fault.text)


def send(
    request: Ask,
    sent: Sent,
    make: Callable[[Language], Sheet],
    command: Callable[[Visit, Typed], Redirect | Response[str]],
    *,
    refused_by: tuple[type[Refusal], ...] = (RuleViolated, Conflict),
    shown: Callable[[], dict[str, Any]] = dict,
) -> Response[Any]:
    """Run a sheet's command; where it is refused, or another language was chosen, the sheet comes back as typed.

    ``shown`` is what the page shows beside the sheet.
    """
    visit = visit_of(request)
    if choice := choice_in(sent):
        remember(visit, choice)
        return show(request, make(choice.language or visit.language).filled(sent), choice=choice, **shown())
    try:
        return command(visit, Typed(sent))
    except refused_by as refusal:
        return show(request, make(visit.language).filled(sent), refusal=refusal, **shown())


def done(address: str) -> Redirect:
    return Redirect(address, status_code=303)


def said(message: str, language: Language, **facts: Any) -> str:
    return speech(language)(message, **facts)


TRIED_TOO_OFTEN = (RuleViolated, Conflict, NotPermitted)
"""What sends a sheet back that asks for a secret."""
