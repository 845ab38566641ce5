"""What pages of the record share: the day and the instant asked for, acts in words, and acts as sheets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.commands import Command
from erp.base.cursors import INTEGER
from erp.base.dates import day_string
from erp.base.errors import Conflict, NotFound, RuleViolated
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.base.vault import Vault
from erp.hr.staffing.model import About, ActKind, StaffGroup
from erp.hr.staffing.rules import ShareMalformed, share_of
from erp.hr.staffing.rules import share as share
from erp.hr.staffing.schemas import RescindAct
from erp.reference.access.model import Permission
from ledger.errors import LedgerError
from web import forms
from web.faults import Refusal, fault_sheet
from web.finance.books import known_at
from web.forms import Place, kept_day, key_typed
from web.i18n import Speech, moment
from web.pages import Ask, organisation_at, visit_of
from web.session import Sent
from web.sheets import Field, Sheet, Typed, day_field, done, send, show

C = TypeVar("C", bound=Command)
S = TypeVar("S", bound="Subject")

_KEEP = {"policy": Permission.STAFF_KEEP}
_REFUSED = (RuleViolated, Conflict, NotFound)

KINDS = {ActKind.CHANGE: N_("change"), ActKind.CORRECT: N_("correction"), ActKind.RESCIND: N_("rescinding")}
ABOUT = {
    About.HIRE: N_("Hiring"),
    About.NAME: N_("Name of the person"),
    About.FACTS: N_("Personal data"),
    About.APPOINTMENT: N_("Appointment"),
    About.SCHEDULE: N_("Work schedule"),
    About.UNIT: N_("Structural unit"),
    About.POST: N_("Staff unit"),
}
GROUPS = {
    StaffGroup.CIVIL_SERVANT: N_("civil servant"),
    StaffGroup.CIVIL_EMPLOYEE: N_("civil employee"),
    StaffGroup.WORKER: N_("employee under the Labour Code"),
}


@dataclass(frozen=True)
class Asked:
    """The day and the instant a page is asked for; ``fault`` is why it shows today instead."""

    day: date
    known: datetime | None
    typed: Mapping[str, str]
    fault: Refusal | None

    @classmethod
    def of(cls, visit: Visit, query: Mapping[str, str]) -> "Asked":
        known, fault = known_at(visit, query.get("known", ""))
        try:
            day = kept_day(query["day"]) if query.get("day") else today()
        except (RuleViolated, LedgerError) as misread:
            day, fault = today(), misread
        return cls(day, known, {name: query.get(name, "") for name in ("day", "known")}, fault)

    @property
    def is_now(self) -> bool:
        return self.known is None and self.day == today()

    def query(self, **more: str) -> str:
        """The same question for another page, with ``more``."""
        asked = {name: value for name, value in {**self.typed, **more}.items() if value}
        return f"?{urlencode(asked)}" if asked else ""

    def facts(self, say: Speech) -> list[tuple[str, str]]:
        """The same question, as a file says it of itself."""
        known = [(say("As known at"), moment(self.known))] if self.known else []
        return [(say("As of the day"), day_string(self.day)), *known]

    def told(self, visit: Visit) -> dict[str, Any]:
        """What every template of the record knows."""
        sheet = fault_sheet(self.fault, visit.language)
        return {
            "asked": self,
            "status": 422 if self.fault else 200,
            "summary": sheet.summary,
            "share": share,
            "moment": moment,
            "kinds": KINDS,
            "abouts": ABOUT,
            "groups": GROUPS,
        }


def share_typed(typed: Typed, name: str) -> int:
    """Hundredths of a full post; what is no number is refused with the others by ``check``."""
    text = typed.text(name)
    try:
        return share_of(text)
    except ShareMalformed as fault:
        typed.refuse(name, fault)
        return 0


def act_fields(since: date | None, last: date | None = None, *, ends: bool = True) -> tuple[Field, ...]:
    """From which day through which, on what ground; and the key of the act."""
    through = (day_field("last", N_("Last day"), last, required=False, hint=N_("Leave empty where no end is known.")),)
    return (
        day_field("since", N_("First day"), since),
        *(through if ends else ()),
        Field("reason", N_("Ground"), hint=N_("Order, application, or what was mistaken: it stays in the record.")),
        Field("key", "", "hidden", str(uuid4())),
    )


def made(kind: type[C], typed: Typed, places: Mapping[str, str] | None = None, **content: Any) -> C:
    """The command that a sheet makes, with its act; ``places`` tell under which field a part of it is typed.

    Raises: Invalid.
    """
    since, last = typed.day("since"), typed.day_or_none("last")
    content |= {"reason": typed.text("reason"), "since": since, "until": last + timedelta(days=1) if last else None}
    typed.check()
    return command(kind, typed, places, **content)


def command(kind: type[C], typed: Typed, places: Mapping[str, str] | None = None, **content: Any) -> C:
    """Raises: Invalid, with the place of each field that the command does not take."""

    def field(place: Place) -> str:
        at = ".".join(map(str, place))
        return (places or {}).get(at, at.rpartition(".")[2] or "last")

    return forms.made(kind, {"key": key_typed(typed.raw("key")), **content}, at=field)


def chosen(numbers: Sequence[int], text: str) -> int | None:
    """A number of an address, where it is one of those there are."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) in numbers else None


# ------------------------------------------------------------------------------------------------ acts as sheets


@dataclass(frozen=True)
class At:
    """What an address names: the organisation, and by name the person, the appointment, the unit …"""

    request: Ask
    is_sure: bool = False
    """Whether the visitor was told of a doubt, and goes on all the same."""

    def __getitem__(self, name: str) -> int:
        number = int(self.request.path_params[name])
        if number > INTEGER:
            raise NotFoundException
        return number

    @property
    def organisation_id(self) -> int:
        return self["organisation_id"]

    @property
    def visit(self) -> Visit:
        return visit_of(self.request)

    @property
    def vault(self) -> Vault:
        vault: Vault = self.request.app.state.vault
        return vault

    def asked(self, name: str) -> str:
        return str(self.request.query_params.get(name, ""))


@dataclass(frozen=True)
class Subject:
    """What an act is about to be on: where it is shown, what it is called, and the fact that is to be corrected."""

    home: str
    section: str
    about: str = ""
    fact: Any = None
    """A fact with its days, and with a ``fact_id`` where its ``id`` is that of the subject; none of a change."""

    @property
    def dated(self) -> tuple[Field, ...]:
        """Fields of a change from today on, or of the correction of the fact on its own days."""
        if self.fact is None:
            return Field("corrects", "", "hidden"), *act_fields(today())
        number, valid = getattr(self.fact, "fact_id", self.fact.id), self.fact.valid
        last = valid.end - timedelta(days=1) if valid.end else None
        return Field("corrects", "", "hidden", str(number)), *act_fields(valid.start, last)


_SURE = Field("sure", N_("Do it all the same"), "check", required=False)


@dataclass(frozen=True)
class Act(Generic[S, C]):
    """A sheet by which the record is changed: to add an act is to declare one."""

    path: str
    """Below the organisation's own."""
    subject: Callable[[At, Language], S]
    title: str
    fields: Callable[[S, Language], Iterable[Field]]
    command: Callable[[Typed], C]
    record: Callable[[UnitOfWork, At, C], Any]
    lands: Callable[[At, Any], str]
    """Where it leads, after what ``record`` returned."""
    correction: str = ""
    """The title, where a fact is corrected."""
    button: str = N_("Save")
    lead: str = ""
    danger: bool = False
    doubts: tuple[type[Conflict], ...] = ()
    """Refusals of ``record`` that the visitor may pass over, once they were told."""

    def sheet(self, at: At, language: Language) -> Sheet:
        on = self.subject(at, language)
        return Sheet(
            self.correction if on.fact is not None else self.title,
            self.button,
            on.home,
            tuple(self.fields(on, language)),
            lead=self.lead,
            about=on.about,
            danger=self.danger,
            layout="base.html",
            section=on.section,
        )

    def send(self, at: At, sent: Sent) -> Response[Any]:
        context, told = {"organisation": at.visit.read(organisation_at)}, list[Conflict]()

        def carry_out(visit: Visit, typed: Typed) -> Redirect:
            command, where = self.command(typed), replace(at, is_sure=typed.ticked(_SURE.name))
            try:
                return done(self.lands(at, visit.run(lambda uow: self.record(uow, where, command))))
            except self.doubts as doubt:
                told.append(doubt)
                raise

        def sheet(language: Language) -> Sheet:
            made = self.sheet(at, language)
            return replace(made, fields=(*made.fields, _SURE)) if told else made

        return send(at.request, sent, sheet, carry_out, refused_by=_REFUSED, shown=lambda: context)

    @property
    def routes(self) -> list[HTTPRouteHandler]:
        path = f"/o/{{organisation_id:int}}/{self.path}"

        @get(path, opt=_KEEP, sync_to_thread=True)
        def page(request: Ask, visit: Visitor) -> Response[str]:
            return show(request, self.sheet(At(request), visit.language), organisation=visit.read(organisation_at))

        @post(path, opt=_KEEP, sync_to_thread=True)
        def carry_out(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
            return self.send(At(request), data)

        return [page, carry_out]


def dated(
    kind: type[C], content: Callable[[Typed], dict[str, Any]], places: Mapping[str, str] | None = None
) -> Callable[[Typed], C]:
    """Reads the command of a change from a day on, or of the correction of a fact."""
    return lambda typed: made(kind, typed, places, **content(typed), corrects=typed.number_or_none("corrects"))


def rescission(
    path: str,
    subject: Callable[[At, Language], Subject],
    record: Callable[[UnitOfWork, At, RescindAct], Any],
    lands: Callable[[At, Any], str],
    *,
    doubts: tuple[type[Conflict], ...] = (),
) -> Act[Subject, RescindAct]:
    """The undoing of an act."""

    def read(typed: Typed) -> RescindAct:
        reason = typed.text("reason")
        typed.check()
        return command(RescindAct, typed, reason=reason)

    return Act(
        path,
        subject,
        N_("Rescind an act"),
        lambda on, language: act_fields(None, ends=False)[1:],
        read,
        record,
        lands,
        button=N_("Rescind"),
        lead=N_("What the act recorded no longer holds, and what it superseded holds again. Both stay in the record."),
        danger=True,
        doubts=doubts,
    )
