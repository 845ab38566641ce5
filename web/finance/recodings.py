"""Recodings: a mapping of old codes to new ones, what it moves in an organisation's books, and how far it has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import PathParameter
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.clock import today
from erp.base.dates import DayMalformed
from erp.base.errors import Conflict, DomainError, Invalid, RuleViolated
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.model import DimensionValue
from erp.finance.recoding import rules, service
from erp.finance.recoding.model import Move, Plan, Progress, Recoding
from erp.finance.recoding.schemas import MakeRecoding
from erp.reference.access.model import Permission
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError, YearOutOfRange
from ledger.model import Dimension
from web.faults import Refusal, fault_sheet
from web.forms import Empty, TooLong, kept_day, made, tidy
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, render, visit_of
from web.session import Choice, Sent, choice_in, remember
from web.timeline import History, history

_RECODE = {"policy": Permission.BOOKS_RECODE}
_OF_ALL = {"policy": Permission.PACKAGES_MANAGE}
_LONGEST_TITLE = 300


RecodingId = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]


@dataclass(frozen=True)
class RecodingForm:
    title: str = ""
    effective_on: str = ""
    lines: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "RecodingForm":
        return cls(*(tidy(sent.get(name, "")) for name in ("title", "effective_on", "lines")))

    def command(self) -> MakeRecoding:
        """Raises: Invalid, with every field that cannot be read."""
        faults: dict[str, Exception] = {}
        day, lines = None, []
        if not self.title:
            faults["title"] = Empty()
        elif len(self.title) > _LONGEST_TITLE:
            faults["title"] = TooLong(limit=_LONGEST_TITLE)
        try:
            day = kept_day(self.effective_on)
            if day.day != 1:
                faults["effective_on"] = rules.NotFirstOfMonth(day=self.effective_on)
        except (DayMalformed, YearOutOfRange) as malformed:
            faults["effective_on"] = malformed
        try:
            lines = rules.parse_lines(self.lines)
        except RuleViolated as fault:
            faults["lines"] = fault
        if faults:
            raise Invalid(faults)
        said = [{"what": line.what, "old": line.old, "new": line.new} for line in lines]
        command = {"title": self.title, "effective_on": day, "lines": said}
        return made(MakeRecoding, command, at=lambda _: "lines")


@dataclass(frozen=True)
class ShownMove:
    """A balance and where it goes, as the page shows it."""

    move: Move
    old: tuple[DimensionValue, ...]
    new: tuple[DimensionValue, ...]
    faults: tuple[str, ...]


# ------------------------------------------------------------------------------------------------ one organisation


@get("/o/{organisation_id:int}/recodings", opt=_RECODE, sync_to_thread=True)
def recodings(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return _list(request, organisation_id, RecodingForm())


@post("/o/{organisation_id:int}/recodings", opt=_RECODE, sync_to_thread=True)
def make_recoding(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    return _make(request, organisation_id, data)


@get("/o/{organisation_id:int}/recodings/{recoding_id:int}", opt=_RECODE, sync_to_thread=True)
def recoding(request: Ask, visit: Visitor, organisation_id: Id, recoding_id: RecodingId) -> Response[str]:
    return _plan(request, organisation_id, recoding_id)


@post("/o/{organisation_id:int}/recodings/{recoding_id:int}", opt=_RECODE, sync_to_thread=True)
def apply_recoding(
    request: Ask, visit: Visitor, organisation_id: Id, recoding_id: RecodingId, data: Sent
) -> Response[Any]:
    """Move the balances."""
    try:
        visit.run(lambda uow: service.apply(uow, recoding_id, organisation_id))
    except (RuleViolated, Conflict, LedgerError) as refusal:
        return _plan(request, organisation_id, recoding_id, refusal)
    return Redirect(f"/o/{organisation_id}/recodings/{recoding_id}?moved=1", status_code=303)


def _plan(request: Ask, organisation_id: int, recoding_id: int, refusal: Refusal | None = None) -> Response[str]:
    visit = visit_of(request)
    say = speech(visit.language)

    address = f"/o/{organisation_id}/recodings/{recoding_id}"

    def read(uow: UnitOfWork) -> tuple[Organisation, Plan, list[ShownMove], History]:
        plan = service.preview(uow, recoding_id, organisation_id)
        named = {pair for move in plan.moves for codes in (move.standing.codes, move.codes) for pair in _named(codes)}
        labels = journal.labels(uow, named, on=plan.recoding.effective_on)
        shown = [
            ShownMove(
                move,
                tuple(labels[pair] for pair in _named(move.standing.codes)),
                tuple(labels[pair] for pair in _named(move.codes)),
                tuple(say.refusal(fault) for fault in move.faults),
            )
            for move in plan.moves
        ]
        return organisation_at(uow), plan, shown, history(request, uow, address, f"recoding:{recoding_id}")

    organisation, plan, shown, past = visit.read(read)
    return render(
        request,
        "recoding/plan.html",
        organisation=organisation,
        section="recodings",
        status=status_of(refusal) if refusal else 200,
        plan=plan,
        recoding=plan.recoding,
        moves=shown,
        faults=[say.refusal(fault) for fault in plan.faults],
        moved="moved" in request.query_params,
        summary=fault_sheet(refusal, visit.language).summary,
        history=past,
        address=address,
    )


def _named(codes: tuple[str, ...]) -> list[tuple[Dimension, str]]:
    return [(dimension, code) for dimension, code in zip(Dimension, codes, strict=True) if code]


# ------------------------------------------------------------------------------------------------ everybody


@get("/admin/recodings", opt=_OF_ALL, sync_to_thread=True)
def recodings_of_all(request: Ask, visit: Visitor) -> Response[str]:
    return _list(request, None, RecodingForm())


@post("/admin/recodings", opt=_OF_ALL, sync_to_thread=True)
def make_recoding_of_all(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    return _make(request, None, data)


@get("/admin/recodings/{recoding_id:int}", opt=_OF_ALL, sync_to_thread=True)
def recoding_of_all(request: Ask, visit: Visitor, recoding_id: RecodingId) -> Response[str]:
    return _progress(request, recoding_id)


@post("/admin/recodings/{recoding_id:int}", opt=_OF_ALL, sync_to_thread=True)
def end_codes(request: Ask, visit: Visitor, recoding_id: RecodingId, data: Sent) -> Response[Any]:
    """End the old codes."""
    try:
        visit.run(lambda uow: service.end_codes(uow, recoding_id))
    except (RuleViolated, Conflict) as refusal:
        return _progress(request, recoding_id, refusal)
    return Redirect(f"/admin/recodings/{recoding_id}", status_code=303)


def _progress(request: Ask, recoding_id: int, refusal: Refusal | None = None) -> Response[str]:
    visit = visit_of(request)
    say = speech(visit.language)

    address = f"/admin/recodings/{recoding_id}"

    def read(uow: UnitOfWork) -> tuple[Recoding, list[Exception], list[Progress], dict[int, Organisation], History]:
        found = service.recoding(uow, recoding_id)
        progress = service.progress(uow, recoding_id)
        named = organisations.by_ids(uow, [each.organisation_id for each in progress], today())
        past = history(request, uow, address, f"recoding:{recoding_id}")
        return found, service.faults(uow, found), progress, named, past

    found, faults, progress, named, past = visit.read(read)
    return render(
        request,
        "recoding/progress.html",
        section="recodings",
        status=status_of(refusal) if refusal else 200,
        recoding=found,
        faults=[say.refusal(fault) for fault in faults if isinstance(fault, DomainError)],
        progress=progress,
        named=named,
        summary=fault_sheet(refusal, visit.language).summary,
        history=past,
        address=address,
    )


# ------------------------------------------------------------------------------------------------ both


def _make(request: Ask, organisation_id: int | None, data: Mapping[str, str]) -> Response[Any]:
    visit, form = visit_of(request), RecodingForm.of(data)
    if choice := choice_in(data):
        remember(visit, choice)
        return _list(request, organisation_id, form, choice=choice)
    try:
        made = visit.run(lambda uow: service.make(uow, organisation_id, form.command()))
    except (RuleViolated, Conflict) as refusal:
        return _list(request, organisation_id, form, refusal=refusal)
    return Redirect(f"{_home(organisation_id)}/{made}", status_code=303)


def _list(
    request: Ask,
    organisation_id: int | None,
    form: RecodingForm,
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    found = visit.read(lambda uow: service.recodings(uow, organisation_id))
    sheet = fault_sheet(refusal, chosen.language or visit.language)
    return render(
        request,
        "recoding/list.html" if organisation_id is not None else "recoding/list_of_all.html",
        organisation=visit.read(organisation_at) if organisation_id is not None else None,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="recodings",
        form_id="recoding",
        form_default="post",
        recodings=found,
        form=form,
        faults=sheet.by_field,
        summary=sheet.summary,
        address=_home(organisation_id),
    )


def _home(organisation_id: int | None) -> str:
    return "/admin/recodings" if organisation_id is None else f"/o/{organisation_id}/recodings"


routes = [
    recodings,
    make_recoding,
    recoding,
    apply_recoding,
    recodings_of_all,
    make_recoding_of_all,
    recoding_of_all,
    end_codes,
]
