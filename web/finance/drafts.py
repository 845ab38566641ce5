"""Drafts: the list of one's own, the table in which an entry is typed, and what the table asks for meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import uuid4

from litestar import Response, get, post
from litestar.params import Body, FromQuery
from litestar.response import Redirect

from api.conventions import API
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.errors import Invalid, NotFound
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.drafts import rules, service
from erp.finance.drafts.model import CellFault, Draft, DraftRow, DraftState, Origin, Sheet, TypedRow, TypedSide
from erp.finance.drafts.schemas import SheetTyped
from erp.finance.journal import service as journal
from erp.finance.journal.model import Account, EntryFilter, Journal, Page
from erp.finance.journal.values import Wanted
from erp.finance.policy import service as policies
from erp.finance.settlements import service as settlements
from erp.finance.templates import service as templates
from erp.finance.templates.rules import read as reading_of
from erp.finance.templates.schemas import UseTemplate
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from erp.reference.typical_entries import service as typical_entries
from ledger.model import Dimension
from web.finance.journal import new_sheet
from web.forms import EntryForm, day_typed, key_typed, tidy
from web.i18n import Speech, money, speech
from web.pages import Ask, Id, organisation_at, query_of, render
from web.session import Sent

_POST = {"policy": Permission.JOURNAL_POST}
_SUGGESTED = 20
Typed = Annotated[SheetTyped, Body()]

ORIGINS = {
    Origin.GRID: N_("Typed by hand"),
    Origin.PASTE: N_("From the clipboard"),
    Origin.FILE: N_("From a file"),
    Origin.TEMPLATE: N_("From a template"),
    Origin.TAKEOVER: N_("Taken over from another program"),
    Origin.SETTLEMENT: N_("From a business trip"),
}


# ------------------------------------------------------------------------------------------------ one's own drafts


@get("/o/{organisation_id:int}/drafts", opt=_POST, sync_to_thread=True)
def list_drafts(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    query = query_of(request)

    def read(uow: UnitOfWork) -> tuple[Organisation, Page[DraftRow], Page[DraftRow], int]:
        rows = service.drafts(uow, organisation_id, query.get("cursor"))
        thrown = service.drafts(uow, organisation_id, query.get("discarded"), limit=20, discarded=True)
        return organisation_at(uow), rows, thrown, settlements.waiting(uow, organisation_id)

    organisation, drafts, discarded, settling = visit.read(read)
    return render(
        request,
        "drafts/list.html",
        organisation=organisation,
        section="drafts",
        drafts=drafts.rows,
        discarded=discarded.rows,
        settling=settling,
        origins=ORIGINS,
        key=str(uuid4()),
        next_url=f"?cursor={drafts.next_cursor}" if drafts.next_cursor else "",
        discarded_url=f"?discarded={discarded.next_cursor}#discarded" if discarded.next_cursor else "",
    )


@post("/o/{organisation_id:int}/drafts", opt=_POST, sync_to_thread=True)
def begin_draft(visit: Visitor, organisation_id: Id, data: Sent) -> Redirect:
    """A table to be typed into: one in which nothing stands yet, else a new one; pressed twice, the same."""
    key = key_typed(data.get("key", ""))

    def begin(uow: UnitOfWork) -> int:
        for row in service.drafts(uow, organisation_id).rows:
            if not row.rows and not row.memo and row.origin is Origin.GRID:
                return row.id
        return service.begin(uow, organisation_id, new_sheet(uow, organisation_id), key=key).id

    return _to(organisation_id, visit.run(begin))


@post("/o/{organisation_id:int}/drafts/{draft_id:int}/discard", opt=_POST, sync_to_thread=True)
def discard_draft(visit: Visitor, organisation_id: Id, draft_id: Id) -> Redirect:
    """Throw a draft away, as it stands."""

    def discard(uow: UnitOfWork) -> Draft:
        seen = service.draft(uow, organisation_id, draft_id)
        return service.discard(uow, organisation_id, draft_id, seen.version)

    visit.run(discard)
    return Redirect(f"/o/{organisation_id}/drafts#discarded", status_code=303)


@post("/o/{organisation_id:int}/drafts/{draft_id:int}/restore", opt=_POST, sync_to_thread=True)
def restore_draft(visit: Visitor, organisation_id: Id, draft_id: Id) -> Redirect:
    """Take back what was thrown away."""

    def restore(uow: UnitOfWork) -> Draft:
        seen = service.draft(uow, organisation_id, draft_id)
        return service.restore(uow, organisation_id, draft_id, seen.version)

    visit.run(restore)
    return _to(organisation_id, draft_id)


def _to(organisation_id: int, draft_id: int) -> Redirect:
    return Redirect(f"/o/{organisation_id}/drafts/{draft_id}", status_code=303)


# ------------------------------------------------------------------------------------------------ the table


@dataclass(frozen=True)
class Shown:
    """A draft and what its table needs to be shown at once."""

    organisation: Organisation
    draft: Draft
    journals: list[Journal]
    to_approve: frozenset[str]
    chart: dict[str, dict[str, Any]]
    names: dict[str, dict[str, str]]


@get("/o/{organisation_id:int}/drafts/{draft_id:int}", opt=_POST, sync_to_thread=True)
def show_draft(request: Ask, visit: Visitor, organisation_id: Id, draft_id: Id) -> Response[Any]:
    """The table; of a draft that has become an entry, the entry."""

    def read(uow: UnitOfWork) -> Shown:
        found = service.draft(uow, organisation_id, draft_id)
        day = day_typed(found.sheet.effective_on) or today()
        return Shown(
            organisation_at(uow),
            found,
            journal.document_journals(uow),
            journal.journals_to_approve(uow, organisation_id),
            _chart(uow, day, visit.language),
            _names(uow, found.sheet, day, visit.language),
        )

    shown = visit.read(read)
    draft, home = shown.draft, f"/o/{organisation_id}/"
    if draft.state is DraftState.POSTED:
        return Redirect(f"{home}journal/{draft.became.entry_id}", status_code=303)
    if draft.state is DraftState.PREPARED:
        return Redirect(f"{home}approvals/{draft.became.prepared_id}", status_code=303)
    say = speech(visit.language)
    api = f"{API}/organisations/{organisation_id}/drafts"
    columns = _columns(say)
    return render(
        request,
        "drafts/grid.html",
        organisation=shown.organisation,
        section="new",
        draft=draft,
        sheet=draft.sheet,
        journals=shown.journals,
        to_approve=shown.to_approve,
        discarded=draft.state is DraftState.DISCARDED,
        origin=ORIGINS[draft.origin],
        api=f"{api}/{draft_id}",
        copies=f"qazyna.draft.{visit.scope.actor.id}.{organisation_id}.{draft_id}.",
        new_key=str(uuid4()),
        optional=[c for c in columns if "slug" in c],
        given={
            "version": draft.version,
            "sheet": rules.document_of(draft.sheet),
            "chart": shown.chart,
            "names": shown.names,
            "columns": columns,
            "dimensions": [{"slug": d.slug, "bit": int(d)} for d in Dimension],
            "home": home,
            "accounts": f"{home}accounts",
            "values": f"{home}values/",
            "look_url": f"{home}drafts/look",
            "rows_url": f"{home}drafts/rows",
            "chart_url": f"{home}drafts/chart",
            "drafts_api": api,
        },
    )


def _columns(say: Speech) -> list[dict[str, Any]]:
    """Every column there may be, in the order of the table."""
    found: list[dict[str, Any]] = []
    short = {"debit": say("Dt"), "credit": say("Ct")}
    names = {"debit": say("Debit"), "credit": say("Credit")}

    def add(side: str, part: str, kind: str, title: str, **more: Any) -> None:
        found.append(
            {"field": f"{side}.{part}", "side": side, "part": part.partition(".")[0], "kind": kind, "title": title}
            | more
        )

    for side in ("debit", "credit"):
        add(side, "account", "account", names[side], always=True)
        for d in Dimension:
            title = f"{short[side]} · {say.dimension(d)}"
            add(side, f"dimensions.{d.slug}", "value", title, slug=d.slug, bit=int(d))
    found.append({"field": "amount", "kind": "amount", "title": say("Amount, ₸"), "always": True})
    for side in ("debit", "credit"):
        add(side, "quantity", "number", f"{short[side]} · {say('Quantity')}")
    for side in ("debit", "credit"):
        title = f"{short[side]} · {say('Amount in the currency')}"
        add(side, "currency_amount", "number", title, bit=int(Dimension.CURRENCY))
    found.append({"field": "memo", "kind": "text", "title": say("Text of the line"), "always": True})
    return found


def _chart(uow: UnitOfWork, day: date, language: str) -> dict[str, dict[str, Any]]:
    """Accounts by code: the name, the dimensions asked for and permitted, what else is kept."""
    return {
        account.code: _account(account, language)
        for account in journal.accounts(uow, day)
        if account.postable and not account.is_contra
    }


def _account(account: Account, language: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": account.name(language),
        "asks": int(account.mandatory),
        "may": int(account.permitted | account.mandatory),
    }
    if account.keeps_quantity:
        told["counted"] = True
    if account.is_off_balance:
        told["off"] = True
    return told


def _names(uow: UnitOfWork, sheet: Sheet, day: date, language: str) -> dict[str, dict[str, str]]:
    """Names of the values in a sheet, by dimension and code."""
    wanted: set[Wanted] = {
        (Dimension.of(slug), code.strip())
        for row in sheet.rows
        for side in (row.debit, row.credit)
        for slug, code in side.dimensions.items()
        if code.strip() and len(code) <= rules.LONGEST["code"]
    }
    found: dict[str, dict[str, str]] = {}
    for (dimension, code), value in journal.labels(uow, wanted, on=day).items():
        if value.label(language) != code:
            found.setdefault(dimension.slug, {})[code] = value.label(language)
    return found


# ------------------------------------------------------------------------------------------------ asked meanwhile


@post("/o/{organisation_id:int}/drafts/look", opt=_POST, sync_to_thread=True, status_code=200)
def look(visit: Visitor, organisation_id: Id, data: Typed) -> dict[str, Any]:
    """The faults of a sheet's cells, and the names of its values; nothing is saved."""
    sheet, say = data.sheet, speech(visit.language)
    day = day_typed(sheet.effective_on) or today()

    def read(uow: UnitOfWork) -> tuple[tuple[CellFault, ...], dict[str, dict[str, str]]]:
        return service.check(uow, organisation_id, sheet), _names(uow, sheet, day, visit.language)

    faults, names = visit.read(read)
    told = [{"row": f.row, "field": f.field, "text": say.refusal(f.fault)} for f in faults]
    return {"faults": told, "names": names}


@get("/o/{organisation_id:int}/drafts/chart", opt=_POST, sync_to_thread=True)
def chart(visit: Visitor, organisation_id: Id, on: FromQuery[str] = "") -> dict[str, dict[str, Any]]:
    """The accounts of another day."""
    return visit.read(lambda uow: _chart(uow, day_typed(tidy(on)) or today(), visit.language))


@get("/o/{organisation_id:int}/drafts/entries", opt=_POST, sync_to_thread=True)
def suggest_entries(visit: Visitor, organisation_id: Id, q: FromQuery[str] = "") -> list[dict[str, str | bool]]:
    """Posted entries whose rows may be copied, the newest first."""
    narrowed = EntryFilter(text=tidy(q) or None)
    found = visit.read(lambda uow: journal.entries(uow, organisation_id, narrowed, limit=_SUGGESTED))
    return [
        {
            "code": str(entry.id),
            "name": f"{entry.journal_code} № {entry.number} · {entry.effective_on:%d.%m.%Y} · {entry.memo}"
            f" · {money(entry.amount_tiyn)}",
            "verified": True,
        }
        for entry in found.rows
    ]


@get("/o/{organisation_id:int}/drafts/templates", opt=_POST, sync_to_thread=True)
def suggest_templates(visit: Visitor, organisation_id: Id, q: FromQuery[str] = "") -> list[dict[str, str | bool]]:
    """Templates whose rows may be put in, by name."""
    words = tidy(q).casefold().split()
    found = visit.read(lambda uow: templates.templates(uow, organisation_id))
    named = [each for each in found if str(each.id) in words or all(word in each.name.casefold() for word in words)]
    return [{"code": str(each.id), "name": each.name, "verified": True} for each in named[:_SUGGESTED]]


@get("/o/{organisation_id:int}/drafts/rows", opt=_POST, sync_to_thread=True)
def rows_of(
    visit: Visitor,
    organisation_id: Id,
    request: Ask,
    typical: FromQuery[str] = "",
    entry: FromQuery[str] = "",
    template: FromQuery[str] = "",
    on: FromQuery[str] = "",
) -> dict[str, Any]:
    """Rows that a typical entry makes, that a posted one has or that a template is filled with.

    Where there are none, why; what a template's formulas ask for in fields ``inputs.NAME`` stands in ``asks``.
    """
    say, day = speech(visit.language), day_typed(tidy(on)) or today()

    def read(uow: UnitOfWork) -> tuple[tuple[TypedRow, ...], str, str]:
        if entry:
            shown = journal.entry(uow, organisation_id, _number(entry))
            return EntryForm.copy_of(shown, day).sheet.rows, shown.memo, ""
        chosen = typical_entries.find(uow, organisation_id, tidy(typical), day)
        told = [
            say(sentence, accounts=", ".join(accounts))
            for sentence, accounts, code in (
                (N_("Debit: choose one of {accounts}."), chosen.entry.debit, chosen.debit),
                (N_("Credit: choose one of {accounts}."), chosen.entry.credit, chosen.credit),
            )
            if accounts and not code
        ]
        row = TypedRow(TypedSide(chosen.debit), TypedSide(chosen.credit))
        return (row,), chosen.entry.name(visit.language), " ".join(told)

    try:
        if template:
            return _rows_of_template(visit, organisation_id, _number(template), day, query_of(request))
        return _rows(*visit.read(read))
    except NotFound as refusal:
        return _rows(told=say.refusal(refusal))


def _rows_of_template(
    visit: Visit, organisation_id: int, template_id: int, day: date, sent: Mapping[str, str]
) -> dict[str, Any]:
    """Raises: TemplateUnknown."""
    say = speech(visit.language)
    found = visit.read(lambda uow: templates.template(uow, organisation_id, template_id))
    names = reading_of(found.sheet).names
    inputs = {name: tidy(sent.get(f"inputs.{name}", ""))[:60] for name in names}
    command = UseTemplate(key=uuid4(), effective_on=day, inputs=inputs)

    def fill(uow: UnitOfWork) -> Sheet:
        rounded = policies.rounding(uow, organisation_id, day)
        return templates.fill(uow, organisation_id, found, command, say.month, rounded)

    try:
        sheet = visit.read(fill)
    except Invalid as refusal:
        told = dict.fromkeys(say.refusal(fault) for fault in refusal.faults.values())
        return _rows(told=" ".join(told), asks=names)
    return _rows(sheet.rows, sheet.memo)


def _rows(
    rows: tuple[TypedRow, ...] = (), memo: str = "", told: str = "", asks: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {"rows": rules.document_of(Sheet(rows=rows))["rows"], "memo": memo, "told": told, "asks": asks}


def _number(typed: str) -> int:
    """Of an entry or a template; 0, which none has, where no number stands."""
    number = tidy(typed)
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0


routes = [
    list_drafts,
    begin_draft,
    look,
    chart,
    suggest_entries,
    suggest_templates,
    rows_of,
    discard_draft,
    restore_draft,
    show_draft,
]
