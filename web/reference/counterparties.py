"""Counterparties of an organisation: the register that bodies share, its own persons, and their bank accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.errors import Conflict, DomainError, Invalid, RuleViolated
from erp.base.i18n import Language
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.counterparties import service
from erp.reference.counterparties.model import Counterparty, CounterpartyCard
from erp.reference.counterparties.rules import CodeInvalid, IbanInvalid
from erp.reference.counterparties.schemas import AddCounterparty, KeepBankAccount, RenameCounterparty
from erp.reference.organisations.model import Organisation
from web import lists
from web.faults import Refusal, fault_sheet
from web.forms import TooLong, tidy
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Choice, Sent, choice_in, remember
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Table
from web.timeline import History, history

_READ = {"policy": Permission.JOURNAL_READ}
_WRITE = {"policy": Permission.JOURNAL_POST}
_NAMES = ("name_ru", "name_kk", "name_en")
_LONGEST = {"code": 20, "iban": 60} | dict.fromkeys((*_NAMES, "bank"), 300)
_FIELD_OF: dict[type[Exception], str] = {CodeInvalid: "code", service.NameMissing: "name_ru", IbanInvalid: "iban"}

Code = FromPath[str]


@dataclass(frozen=True)
class CounterpartyForm:
    """A counterparty as typed; without a code it is a new one's."""

    code: str = ""
    name_ru: str = ""
    name_kk: str = ""
    name_en: str = ""
    version: int = 0

    @classmethod
    def of(cls, sent: Mapping[str, str], code: str | None = None) -> "CounterpartyForm":
        version = sent.get("version", "")
        names = {name: tidy(sent.get(name, "")) for name in _NAMES}
        known = tidy(sent.get("code", "")) if code is None else code
        return cls(known, version=int(version) if version.isdecimal() and len(version) < 9 else 0, **names)

    @classmethod
    def shown(cls, card: CounterpartyCard) -> "CounterpartyForm":
        c = card.counterparty
        return cls(c.code, c.name_ru, c.name_kk, c.name_en, c.version)


@get("/o/{organisation_id:int}/counterparties", opt=_READ, sync_to_thread=True)
def counterparties(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query = query_of(request)
    words, cursor, language = query.get("q", ""), query.get("cursor"), visit.language

    def whole(u: UnitOfWork) -> tuple[Table, About]:
        def page(after: str | None) -> tuple[Sequence[Counterparty], str | None]:
            found = service.listing(u, organisation_id, words, language=language, cursor=after)
            return found.rows, found.next_cursor

        facts = [(speech(language)("Name, BIN or IIN"), words)] if words else []
        head = about(visit, organisation_at(u), "counterparties", *facts)
        return lists.counterparties(lists.every(page), speech(language)), head

    if query.get("as") in FORMATS:
        return download(visit, query["as"], whole)
    organisation, page = visit.read(
        lambda u: (
            organisation_at(u),
            service.listing(u, organisation_id, words, language=language, cursor=cursor),
        )
    )
    following = urlencode({"cursor": page.next_cursor}) if page.next_cursor else ""
    return render(
        request,
        "counterparties/list.html",
        organisation=organisation,
        section="counterparties",
        words=words,
        counterparties=page.rows,
        next_url=f"{request.url.path}?{following}" if following else "",
    )


@get("/o/{organisation_id:int}/counterparties/new", opt=_WRITE, sync_to_thread=True)
def new_counterparty(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return _form(request, CounterpartyForm(tidy(request.query_params.get("code", ""))[:20]))


@post("/o/{organisation_id:int}/counterparties/new", opt=_WRITE, sync_to_thread=True)
def add_counterparty(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    form = CounterpartyForm.of(data)
    if choice := choice_in(data):
        remember(visit, choice)
        return _form(request, form, choice=choice)
    try:
        _require_short(data)
        command = AddCounterparty(code=form.code, name_ru=form.name_ru, name_kk=form.name_kk, name_en=form.name_en)
        added = visit.run(lambda u: service.add(u, organisation_id, command))
    except (RuleViolated, Conflict) as refusal:
        return _form(request, form, refusal=_placed(refusal))
    return Redirect(f"/o/{organisation_id}/counterparties/{added.code}", status_code=303)


@get("/o/{organisation_id:int}/counterparties/{code:str}", opt=_READ, sync_to_thread=True)
def counterparty(request: Ask, visit: Visitor, organisation_id: Id, code: Code) -> Response[str]:
    return _card(request, organisation_id, code)


@post("/o/{organisation_id:int}/counterparties/{code:str}", opt=_WRITE, sync_to_thread=True)
def change_counterparty(request: Ask, visit: Visitor, organisation_id: Id, code: Code, data: Sent) -> Response[Any]:
    """Rename, or keep a bank account, as the button says."""
    form = CounterpartyForm.of(data, code)
    if choice := choice_in(data):
        remember(visit, choice)
        return _card(request, organisation_id, code, form=form, iban=_iban(data), choice=choice)
    try:
        _require_short(data)
        if data.get("do") == "account":
            account = KeepBankAccount(iban=tidy(data.get("iban", "")), bank=tidy(data.get("bank", "")))
            visit.run(lambda u: service.keep_bank_account(u, organisation_id, code, account))
        elif data.get("do", "").startswith("retire:"):
            _retire(visit, organisation_id, code, data["do"].removeprefix("retire:"))
        else:
            command = RenameCounterparty(
                version=max(form.version, 1), name_ru=form.name_ru, name_kk=form.name_kk, name_en=form.name_en
            )
            visit.run(lambda u: service.rename(u, organisation_id, code, command))
    except (RuleViolated, Conflict, service.CounterpartyShared) as refusal:
        return _card(request, organisation_id, code, form=form, iban=_iban(data), refusal=_placed(refusal))
    return Redirect(f"/o/{organisation_id}/counterparties/{code}?saved=1", status_code=303)


def _retire(visit: Visit, organisation_id: int, code: str, iban: str) -> None:
    """Take an account out of use, or bring it back."""

    def act(uow: UnitOfWork) -> None:
        for account in service.card(uow, organisation_id, code).accounts:
            if account.iban == iban:
                command = KeepBankAccount(iban=iban, bank=account.bank, in_use=not account.in_use)
                service.keep_bank_account(uow, organisation_id, code, command)

    visit.run(act)


def _iban(data: Mapping[str, str]) -> tuple[str, str]:
    return tidy(data.get("iban", "")), tidy(data.get("bank", ""))


def _require_short(data: Mapping[str, str]) -> None:
    long = {name: TooLong(limit=limit) for name, limit in _LONGEST.items() if len(data.get(name, "")) > limit}
    if long:
        raise Invalid(dict(long))


def _placed(refusal: Refusal) -> Refusal:
    """The refusal beside the field that it is about."""
    field = _FIELD_OF.get(type(refusal))
    return Invalid({field: refusal}) if field and isinstance(refusal, DomainError) else refusal


def _form(
    request: Ask, form: CounterpartyForm, *, refusal: Refusal | None = None, choice: Choice | None = None
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    sheet = fault_sheet(refusal, _language(visit, chosen))
    return render(
        request,
        "counterparties/new.html",
        organisation=visit.read(organisation_at),
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="counterparties",
        form_id="counterparty",
        form_default="post",
        form=form,
        faults=sheet.by_field,
        summary=sheet.summary,
    )


def _card(
    request: Ask,
    organisation_id: int,
    code: str,
    *,
    form: CounterpartyForm | None = None,
    iban: tuple[str, str] = ("", ""),
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    language = _language(visit, chosen)
    address = f"/o/{organisation_id}/counterparties/{code}"

    def read(uow: UnitOfWork) -> tuple[Organisation, CounterpartyCard, History]:
        past = history(request, uow, address, f"counterparty:{code}", language=language)
        return organisation_at(uow), service.card(uow, organisation_id, code), past

    organisation, card, past = visit.read(read)
    sheet = fault_sheet(refusal, language)
    about_names = form is not None and (form.name_ru or form.version)
    return render(
        request,
        "counterparties/card.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="counterparties",
        form_id="counterparty",
        form_default="post",
        form=form if about_names else CounterpartyForm.shown(card),
        card=card,
        history=past,
        iban=iban[0],
        bank=iban[1],
        saved="saved" in request.query_params,
        faults=sheet.by_field,
        summary=sheet.summary,
    )


def _language(visit: Visit, chosen: Choice) -> Language:
    return chosen.language or visit.language


routes = [counterparties, new_counterparty, add_counterparty, counterparty, change_counterparty]
