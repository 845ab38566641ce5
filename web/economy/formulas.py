"""The formulas of a scenario on their page: read, tried, saved as a new revision, compared with what they were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from litestar import Response, get, post
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.errors import DomainError, Invalid
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.economy.formulas.faults import Fault, ModelFaulty
from erp.economy.formulas.reading import LONGEST
from erp.economy.scenarios import rules, service
from erp.economy.scenarios.model import Revision
from erp.economy.scenarios.schemas import SaveScenario
from erp.economy.scenarios.service import Scenario
from erp.reference.access.model import Permission
from ledger.errors import LedgerError
from web.economy.scenarios import formulas_title, section_rows
from web.economy.sections import millions, signed_millions
from web.faults import Refusal, fault_sheet
from web.forms import Empty, NotTaken, TooLong, key_typed, number_typed, reason_typed, tidy
from web.i18n import Speech, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Sent

_ONE = "/o/{organisation_id:int}/plans/{plan_id:int}/scenarios/{version_id:int}/formulas"
_READ = {"policy": Permission.PLAN_READ}
_EDIT = {"policy": Permission.PLAN_EDIT}
_REFUSED = (DomainError, LedgerError)
_AROUND = 60
"""Characters of a long line that are shown before and after a fault."""


@dataclass(frozen=True)
class Form:
    """What was typed; line ends are those of the formulas."""

    text: str
    revision: str
    key: str = field(default_factory=lambda: str(uuid4()))
    reason: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "Form":
        text = tidy(sent.get("formulas", "")).replace("\r\n", "\n")
        return cls(text, sent.get("revision", ""), sent.get("key", ""), tidy(sent.get("reason", "")))

    def read(self) -> tuple[int, UUID]:
        """The revision that was seen, and the key.  Raises: Invalid, KeyDamaged."""
        if not self.text:
            raise Invalid({"formulas": Empty()})
        if len(self.text) > LONGEST:
            raise Invalid({"formulas": TooLong(limit=LONGEST)})
        if (seen := number_typed(self.revision)) is None:
            raise NotTaken()
        return seen, key_typed(self.key)

    def command(self, key: UUID) -> SaveScenario:
        """Raises: Invalid."""
        try:
            reason_typed(self.reason)
        except DomainError as fault:
            raise Invalid({"reason": fault}) from None
        return SaveScenario(key=key, assumptions={}, formulas=self.text, reason=self.reason)


@dataclass(frozen=True)
class Marked:
    """A fault with the line that it stands in."""

    fault: Fault
    text: str
    before: str
    wrong: str
    after: str


def marked(text: str, fault: Fault, say: Speech) -> Marked:
    lines = text.split("\n")
    line, start = lines[min(fault.line, len(lines)) - 1], fault.column - 1
    end = start + fault.length
    return Marked(fault, say.refusal(fault), line[:start][-_AROUND:], line[start:end][:_AROUND], line[end:][:_AROUND])


@get(_ONE, opt=_READ, sync_to_thread=True)
def formulas(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id) -> Response[str]:
    return _page(request, organisation_id, plan_id, version_id)


@post(_ONE, opt=_EDIT, sync_to_thread=True)
def rewrite(
    request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id, data: Sent
) -> Response[Any]:
    """Try the text, and nothing is saved; or save it."""
    form = Form.of(data)
    try:
        seen, key = form.read()
        if data.get("act") != "save":
            return _page(request, organisation_id, plan_id, version_id, form)
        command = form.command(key)
        visit.run(lambda uow: service.save(uow, organisation_id, plan_id, version_id, seen, command))
    except _REFUSED as refusal:
        return _page(request, organisation_id, plan_id, version_id, form, refusal)
    return Redirect(f"/o/{organisation_id}/plans/{plan_id}/scenarios/{version_id}", status_code=303)


def _page(
    request: Ask,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    form: Form | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    visit = visit_of(request)
    say = speech(visit.language)

    def read(uow: UnitOfWork) -> tuple[Any, ...]:
        return (
            organisation_at(uow),
            service.scenario(uow, organisation_id, plan_id, version_id),
            service.revisions(uow, organisation_id, plan_id, version_id),
        )

    organisation, found, revisions = visit.read(read)
    typed = form or Form(found.revision.model.body, str(found.revision.revision))
    tried = found.reformulated(typed.text)
    notes: Sequence[Fault] = ()
    if refusal is None:
        try:
            notes = tried.understood.notes
        except ModelFaulty as faulty:
            refusal = faulty
    sheet = fault_sheet(None if isinstance(refusal, ModelFaulty) else refusal, visit.language)
    return render(
        request,
        "scenarios/formulas.html",
        organisation=organisation,
        status=status_of(refusal) if form and refusal else 200,
        section="scenarios",
        version=found.version,
        address=f"/o/{organisation_id}/plans/{plan_id}/scenarios/{version_id}",
        model=found.revision.model,
        formulas_title=formulas_title(found.revision.model, say),
        drivers=found.drivers,
        base=rules.BASE,
        is_open=found.version.is_open,
        is_frozen=found.version.is_frozen,
        form=typed,
        wrong=[marked(typed.text, each, say) for each in _faults(refusal)],
        notes=[marked(typed.text, each, say) for each in notes],
        faults=sheet.by_field,
        summary=sheet.summary,
        **(_tried(found, tried, say) if form and not refusal else {"rows": [], "missing": 0}),
        **_compared(rules.rewritten(revisions), query_of(request).get("revision", "")),
    )


def _faults(of: Refusal | None) -> Sequence[Fault]:
    found = of.faults.values() if isinstance(of, ModelFaulty) else ()
    return [fault for fault in found if isinstance(fault, Fault)]


def _tried(found: Scenario, tried: Scenario, say: Speech) -> dict[str, Any]:
    """Six sections by the typed formulas, beside what is saved."""
    figures = tried.figures(found.saved)
    return {
        "rows": section_rows(found, figures.cells, found.own, say),
        "missing": figures.missing,
        "years": found.plan.plan_years,
        "tried_name": say(N_("With these formulas")),
        "saved_name": say(N_("As it is saved")),
        "millions": millions,
        "signed_millions": signed_millions,
    }


def _compared(past: Sequence[tuple[Revision, Revision]], wanted: str) -> dict[str, Any]:
    """A change of the formulas, line by line: the one that is asked for, else the last."""
    shown = next((each for each in past if str(each[0].revision) == wanted), past[0] if past else None)
    return {
        "changes": [after for after, _ in past],
        "change": shown[0] if shown else None,
        "places": rules.differences(shown[1].model.body, shown[0].model.body) if shown else [],
    }


routes = [formulas, rewrite]
