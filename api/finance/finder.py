"""Finding by number, amount, code or name under ``/api/v1``: in the books that the caller reads, and nowhere else."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from litestar import Request, get
from litestar.params import QueryParameter
from pydantic import Field

from api.conventions import API, Amount, Page, View
from api.hr.people import people_found, wherever_read
from api.security import Visitor
from erp.base.clock import today
from erp.base.money import decimal_string
from erp.finance.finder import service
from erp.finance.finder.model import Findings, FoundEntry, Named
from erp.finance.finder.rules import LONGEST
from erp.hr.personnel.model import FoundPerson
from erp.reference.access.model import Permission
from erp.reference.access.policy import OrganisationUnknown

Question = Annotated[
    str,
    QueryParameter(
        description="A legal number (`MO-06 15`), an amount, a BIN, IIN or IBAN, an account, words of a name."
        " Of who serves where you read the records of staff, also of the post; a whole IIN at one organisation.",
        max_length=LONGEST,
    ),
]
At = Annotated[int | None, QueryParameter(description="One organisation; without it, all that you read.")]
EachKind = Annotated[int, QueryParameter(description="Findings of each kind.", ge=1, le=50)]
EveryYear = Annotated[bool, QueryParameter(description="Look for an amount in all years, not in the last two.")]


class FoundView(View):
    """What was found; which fields are there depends on its kind."""

    kind: Literal[
        "entry", "amount", "prepared", "counterparty", "account", "typical-entry", "organisation", "person"
    ] = Field(description="`amount`: an entry with a posting of the amount; `person`: who serves there today.")
    organisation_id: int | None = Field(description="Whose books it is of; null for what all share.")
    id: int | None = Field(
        None, description="Of an entry, of what is prepared, of an organisation, of a person.", examples=[345]
    )
    code: str = Field(
        description="Legal number, BIN or IIN, code; of a person the personnel number.", examples=["MO-06 № 15"]
    )
    name: str = Field(description="In the caller's language; of an entry its text.", examples=["Paper bought"])
    on: date | None = Field(None, description="Of an entry its day; of a person the first day in the post.")
    amount: Amount | None = None


@get(f"{API}/find", opt={"policy": Permission.SIGNED_IN}, sync_to_thread=True)
def find(
    request: Request[Any, Any, Any],
    visit: Visitor,
    q: Question,
    organisation: At = None,
    limit: EachKind = 10,
    every_year: EveryYear = False,
) -> Page[FoundView]:
    """What answers to a few characters, also typed under another keyboard layout.

    The closest or the newest of each kind, in one page. Accounts and typical entries are looked for at one
    organisation.
    """
    visit = wherever_read(visit)
    reads = visit.scope.reads | visit.scope.staff
    if organisation is not None and organisation not in reads:
        raise OrganisationUnknown()
    at = reads if organisation is None else {organisation}
    language = visit.language.value
    found = visit.read(
        lambda uow: service.find(uow, at, q, today(), language=language, limit=limit, every_year=every_year)
    )
    people = people_found(request, visit, q, organisation, at, limit)
    return Page(items=[*map(_person, people), *_views(found, language)], next=None)


def _person(found: FoundPerson) -> FoundView:
    row = found.row
    return FoundView(
        kind="person",
        organisation_id=found.organisation_id,
        id=row.person_id,
        code=row.number,
        name=str(row.name),
        on=row.since,
    )


def _views(found: Findings, language: str) -> Iterator[FoundView]:
    yield from (_entry("entry", each) for each in found.entries)
    yield from (_entry("amount", each) for each in found.of_amount)
    for prepared in found.prepared:
        yield FoundView(
            kind="prepared",
            organisation_id=prepared.organisation_id,
            id=prepared.id,
            code=f"{prepared.journal_code} {prepared.document_number}".strip(),
            name=prepared.memo,
            on=prepared.effective_on,
            amount=decimal_string(prepared.amount_tiyn),
        )
    for party in found.counterparties:
        yield _named("counterparty", party.organisation_id, party.code, party, language)
    for account in found.accounts:
        yield _named("account", None, account.code, account, language)
    for typical in found.typical:
        yield _named("typical-entry", None, typical.code, typical, language)
    for body in found.organisations:
        yield FoundView(
            kind="organisation", organisation_id=body.id, id=body.id, code=body.code, name=body.name(language)
        )


def _entry(kind: Literal["entry", "amount"], entry: FoundEntry) -> FoundView:
    return FoundView(
        kind=kind,
        organisation_id=entry.organisation_id,
        id=entry.id,
        code=f"{entry.journal_code} № {entry.number}",
        name=entry.memo,
        on=entry.effective_on,
        amount=decimal_string(entry.amount_tiyn),
    )


def _named(
    kind: Literal["counterparty", "account", "typical-entry"], at: int | None, code: str, named: Named, language: str
) -> FoundView:
    return FoundView(kind=kind, organisation_id=at, code=code, name=named.name(language))


routes = [find]
