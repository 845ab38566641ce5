"""The register of counterparties under ``/api/v1``: bodies are everybody's, persons each institution's own."""

from typing import Annotated, Any

from litestar import Request, Response, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from pydantic import Field

from api.conventions import BOOKS, Cursor, IfMatch, Limit, Organisation, Page, View, require_match, tagged
from api.security import Visitor
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.counterparties import model, service
from erp.reference.counterparties.schemas import AddCounterparty, KeepBankAccount, RenameCounterparty

_READ = {"policy": Permission.JOURNAL_READ}
_WRITE = {"policy": Permission.JOURNAL_POST}
_REGISTER = BOOKS + "/counterparties"

Code = FromPath[str]
Words = Annotated[str, QueryParameter(description="Words of the name in any language, or digits.", max_length=200)]
_NEW = {"code": "940140000385", "name_ru": "ТОО «Бумага»", "name_kk": "«Қағаз» ЖШС"}
AddBody = Annotated[AddCounterparty, Body(examples=[Example(summary="A supplier", value=_NEW)])]
RenameBody = Annotated[
    RenameCounterparty, Body(examples=[Example(summary="Another name", value={"version": 1, "name_ru": "ТОО «Лист»"})])
]
AccountBody = Annotated[
    KeepBankAccount,
    Body(examples=[Example(summary="An account", value={"iban": "KZ86125KZT5004100100", "bank": "АО «Банк»"})]),
]


class CounterpartyView(View):
    code: str = Field(description="BIN or IIN.", examples=["940140000385"])
    kind: str = Field(description="`legal`, or `individual`: a person, seen by this institution only.")
    name_kk: str
    name_ru: str
    name_en: str
    version: int

    @classmethod
    def of(cls, c: model.Counterparty) -> "CounterpartyView":
        return cls(
            code=c.code,
            kind=c.kind.value,
            name_kk=c.name_kk,
            name_ru=c.name_ru,
            name_en=c.name_en,
            version=c.version,
        )


class BankAccountView(View):
    iban: str = Field(examples=["KZ86125KZT5004100100"])
    bank_code: str = Field(description="Three digits within the IBAN.", examples=["125"])
    bank: str
    in_use: bool

    @classmethod
    def of(cls, a: model.BankAccount) -> "BankAccountView":
        return cls(iban=a.iban, bank_code=a.bank_code, bank=a.bank, in_use=a.in_use)


class CounterpartyCardView(View):
    counterparty: CounterpartyView
    accounts: list[BankAccountView] = Field(description="As this institution knows them.")

    @classmethod
    def of(cls, card: model.CounterpartyCard) -> "CounterpartyCardView":
        accounts = [BankAccountView.of(a) for a in card.accounts]
        return cls(counterparty=CounterpartyView.of(card.counterparty), accounts=accounts)


@get(_REGISTER, opt=_READ, sync_to_thread=True)
def list_counterparties(
    visit: Visitor, organisation_id: Organisation, q: Words = "", cursor: Cursor = None, limit: Limit = 50
) -> Page[CounterpartyView]:
    """Counterparties by name; with `q` the closest that hold it, in one page."""
    language = visit.language
    page = visit.read(
        lambda u: service.listing(u, organisation_id, q.strip(), language=language, cursor=cursor, limit=limit)
    )
    return Page(items=[CounterpartyView.of(c) for c in page.rows], next=page.next_cursor)


@post(_REGISTER, opt=_WRITE, sync_to_thread=True, status_code=201)
def add_counterparty(visit: Visitor, organisation_id: Organisation, data: AddBody) -> CounterpartyView:
    """Register a body by BIN, or a person by IIN; the check digit must fit."""
    return CounterpartyView.of(visit.run(lambda u: service.add(u, organisation_id, data)))


@get(_REGISTER + "/{code:str}", opt=_READ, sync_to_thread=True)
def show_counterparty(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, code: Code
) -> Response[CounterpartyCardView]:
    """A counterparty with the bank accounts this institution knows."""
    card = visit.read(lambda u: service.card(u, organisation_id, code))
    return tagged(request, CounterpartyCardView.of(card))


@put(_REGISTER + "/{code:str}", opt=_WRITE, sync_to_thread=True)
def rename_counterparty(
    visit: Visitor, organisation_id: Organisation, code: Code, data: RenameBody, if_match: IfMatch = None
) -> CounterpartyView:
    """Other names for the version that was read; refused where somebody has changed it since."""

    def rename(uow: UnitOfWork) -> model.Counterparty:
        require_match(if_match, CounterpartyCardView.of(service.card(uow, organisation_id, code)))
        return service.rename(uow, organisation_id, code, data)

    return CounterpartyView.of(visit.run(rename))


@post(_REGISTER + "/{code:str}/accounts", opt=_WRITE, sync_to_thread=True, status_code=200)
def keep_account(visit: Visitor, organisation_id: Organisation, code: Code, data: AccountBody) -> BankAccountView:
    """Add a bank account, or change it; repeating it changes nothing."""
    return BankAccountView.of(visit.run(lambda u: service.keep_bank_account(u, organisation_id, code, data)))


routes = [list_counterparties, add_counterparty, rename_counterparty, show_counterparty, keep_account]
