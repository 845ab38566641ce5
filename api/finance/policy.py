"""The accounting policy under ``/api/v1``: editions, what each lays down, writing, the two signatures."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from pydantic import Field

from api.conventions import BOOKS, ChangedMeanwhile, IfMatch, Organisation, Page, View, require_tag
from api.security import Visit, Visitor
from erp.base.commands import Command
from erp.base.uow import UnitOfWork
from erp.finance.policy import model, rules, service
from erp.finance.policy.content import Content
from erp.finance.policy.schemas import BeginPolicy, ReturnPolicy, WritePolicy
from erp.reference.access.model import Permission
from erp.reference.signatures.errors import ContainerMalformed
from erp.reference.signatures.model import Cms, Consent, Evidence

_POLICIES = BOOKS + "/policies"
_ONE = _POLICIES + "/{policy_id:int}"
_READ = {"policy": Permission.JOURNAL_READ}
_WRITE = {"policy": Permission.POLICY_MANAGE}
_SIGN = {"policy": Permission.POLICY_SIGN}

_CONTENT = {
    "journals": [
        {
            "code": "MO-06",
            "prefix": "6-",
            "width": 4,
            "year": "yy",
            "steps": ["check", "second-signature"],
            "cms": ["second-signature"],
        }
    ],
    "amounts": {"unit": "tiyn", "mode": "half-up"},
    "reports": "tiyn",
    "depreciation": [{"group": "FA-20", "method": "straight-line", "life_months": 600}],
    "closing": [{"step": "balance-ties", "owner": "chief_accountant", "person": None, "due": 5, "blocking": True}],
    "thresholds": [{"code": "change-percent", "value": 50}],
}
_BEGUN = {"key": "0c4b8c52-54a1-4a3e-9a55-6d1f1a9d7c41", "since": "2027-01-01", "content": _CONTENT}
BeginBody = Annotated[BeginPolicy, Body(examples=[Example(summary="For next year", value=_BEGUN)])]
WriteBody = Annotated[
    WritePolicy,
    Body(examples=[Example(summary="Another content", value={"since": "2027-01-01", "content": _CONTENT})]),
]
ReturnBody = Annotated[
    ReturnPolicy, Body(examples=[Example(summary="A wrong unit", value={"reason": "Отчёты нужны в тысячах"})])
]


class SignPolicy(Command):
    """A signature: consent, or a container over the bytes that `…/content` gives."""

    container: str | None = Field(
        None, max_length=2_000_000, description="CMS SignedData, detached, as base64; without it consent is recorded."
    )


class PublishPolicy(Command):
    """Whether institutions below may adopt it."""

    published: bool


SignBody = Annotated[SignPolicy, Body(examples=[Example(summary="By consent", value={"container": None})])]
PublishBody = Annotated[PublishPolicy, Body(examples=[Example(summary="Offer it", value={"published": True})])]

StateName = Literal["draft", "proposed", "signed", "discarded"]


class PolicyRow(View):
    id: int = Field(examples=[3])
    version: int = Field(description="Its `ETag` is this number.", examples=[2])
    state: StateName
    since: date = Field(description="The first day on which it counts, or is to count.")
    until: date | None = Field(description="The first day on which it no longer counts; null while it has no end.")
    in_force: bool = Field(description="Whether it is signed, and so counts from its day.")
    published: bool = Field(description="Whether institutions below may adopt it.")
    written_by: str = Field(examples=["Ерлан Ахметов"])
    written_at: datetime

    @classmethod
    def of(cls, e: model.Edition) -> "PolicyRow":
        return cls(**_head(e))


class PolicyView(PolicyRow):
    """An edition with what it lays down."""

    adopts_organisation: int | None = Field(description="Whose published edition it takes over.")
    adopts_policy: int | None
    content: Content

    @classmethod
    def of(cls, e: model.Edition) -> "PolicyView":
        return cls(
            **_head(e),
            adopts_organisation=e.adopts.organisation_id if e.adopts else None,
            adopts_policy=e.adopts.id if e.adopts else None,
            content=e.content,
        )


def _head(e: model.Edition) -> dict[str, Any]:
    return {
        "id": e.id,
        "version": e.version,
        "state": e.state.value,
        "since": e.since,
        "until": e.in_force.end if e.in_force else None,
        "in_force": e.in_force is not None,
        "published": e.is_published,
        "written_by": e.written_by,
        "written_at": e.written_at,
    }


class PolicyDifferenceView(View):
    """A setting that two editions give differently."""

    section: str = Field(examples=["journals"])
    item: str = Field(description="Code of the journal, group, step or limit; empty where there is one.")
    field: str = Field(examples=["width"])
    before: Any = Field(description="Null where the edition before does not have it.", examples=[1])
    after: Any = Field(description="Null where this edition does not have it.", examples=[4])


class PolicyOfferView(View):
    """An edition that a body above publishes."""

    organisation_id: int
    id: int
    since: date
    until: date | None
    content: Content


@get(_POLICIES, opt=_READ, sync_to_thread=True)
def list_policies(visit: Visitor, organisation_id: Organisation) -> Page[PolicyRow]:
    """Editions of the accounting policy, the latest day first."""
    return Page(items=[PolicyRow.of(e) for e in visit.read(lambda uow: service.editions(uow, organisation_id))])


@post(_POLICIES, opt=_WRITE, sync_to_thread=True)
def begin_policy(visit: Visitor, organisation_id: Organisation, data: BeginBody) -> PolicyView:
    """Begin a draft. The same `key` with the same content answers with the same draft."""
    return PolicyView.of(visit.run(lambda uow: service.begin(uow, organisation_id, data)))


@get(f"{BOOKS}/policy-offers", opt=_READ, sync_to_thread=True)
def list_policy_offers(visit: Visitor, organisation_id: Organisation) -> Page[PolicyOfferView]:
    """Editions that bodies above publish for adoption, the nearest body first."""
    found = visit.read(lambda uow: service.offered(uow, organisation_id))
    return Page(
        items=[
            PolicyOfferView(organisation_id=o.organisation_id, id=o.id, since=o.since, until=o.until, content=o.content)
            for o in found
        ]
    )


@put(_ONE, opt=_WRITE, sync_to_thread=True)
def write_policy(
    visit: Visitor, organisation_id: Organisation, policy_id: FromPath[int], data: WriteBody, if_match: IfMatch = None
) -> PolicyView:
    """Replace what a draft says."""
    version = _seen(if_match)
    return PolicyView.of(visit.run(lambda uow: service.rewrite(uow, organisation_id, policy_id, version, data)))


@get(_ONE, opt=_READ, sync_to_thread=True)
def get_policy(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, policy_id: FromPath[int]
) -> Response[PolicyView]:
    """One edition whole. Its `ETag` is its version: whoever acts sends it back as `If-Match`."""
    found = visit.read(lambda uow: service.edition(uow, organisation_id, policy_id))
    tag = f'"{found.version}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(None, status_code=304, headers={"ETag": tag})  # type: ignore[arg-type]
    return Response(PolicyView.of(found), headers={"ETag": tag})


@get(f"{_ONE}/differences", opt=_READ, sync_to_thread=True)
def policy_differences(
    visit: Visitor, organisation_id: Organisation, policy_id: FromPath[int]
) -> Page[PolicyDifferenceView]:
    """What it sets otherwise than the edition before it, line by line; everything where it is the first."""

    def compare(uow: UnitOfWork) -> tuple[model.Difference, ...]:
        found = service.edition(uow, organisation_id, policy_id)
        before = service.before(uow, found)
        return rules.differences(before.content if before else None, found.content)

    return Page(
        items=[
            PolicyDifferenceView(section=d.section, item=d.item, field=d.field, before=d.before, after=d.after)
            for d in visit.read(compare)
        ]
    )


class SignedContentView(View):
    """The exact bytes that a signature is over, for each of the two."""

    proposal: str = Field(description="Of the chief accountant's, as base64.", examples=["eyJhZG9wdHMiOm51bGx9"])
    signature: str = Field(description="Of the head's, as base64.", examples=["eyJhZG9wdHMiOm51bGx9"])


@get(f"{_ONE}/content", opt=_READ, sync_to_thread=True)
def policy_content_to_sign(
    visit: Visitor, organisation_id: Organisation, policy_id: FromPath[int]
) -> SignedContentView:
    """What is to be signed by a program that holds the key."""
    found = visit.read(lambda uow: service.edition(uow, organisation_id, policy_id))
    proposal, signature = (
        b64encode(rules.signed_bytes(found, purpose)).decode() for purpose in (service.SECOND, service.FIRST)
    )
    return SignedContentView(proposal=proposal, signature=signature)


@post(f"{_ONE}/propose", opt=_WRITE, sync_to_thread=True, status_code=200)
def propose_policy(
    visit: Visitor, organisation_id: Organisation, policy_id: FromPath[int], data: SignBody, if_match: IfMatch = None
) -> PolicyView:
    """The chief accountant signs the draft, which from then on waits for the head of the institution."""
    return _signed(visit, organisation_id, policy_id, data, if_match, service.propose)


@post(f"{_ONE}/sign", opt=_SIGN, sync_to_thread=True, status_code=200)
def sign_policy(
    visit: Visitor, organisation_id: Organisation, policy_id: FromPath[int], data: SignBody, if_match: IfMatch = None
) -> PolicyView:
    """The head of the institution signs: it counts from its day, and ends the edition before."""
    return _signed(visit, organisation_id, policy_id, data, if_match, service.sign)


@post(f"{_ONE}/return", opt=_SIGN, sync_to_thread=True, status_code=200)
def return_policy(
    visit: Visitor, organisation_id: Organisation, policy_id: FromPath[int], data: ReturnBody, if_match: IfMatch = None
) -> PolicyView:
    """Send what was proposed back, with a reason."""
    version = _seen(if_match)
    return PolicyView.of(visit.run(lambda uow: service.return_(uow, organisation_id, policy_id, version, data.reason)))


@post(f"{_ONE}/discard", opt=_WRITE, sync_to_thread=True, status_code=200)
def discard_policy(
    visit: Visitor, organisation_id: Organisation, policy_id: FromPath[int], if_match: IfMatch = None
) -> PolicyView:
    """Give up an edition that is not signed."""
    version = _seen(if_match)
    return PolicyView.of(visit.run(lambda uow: service.discard(uow, organisation_id, policy_id, version)))


@post(f"{_ONE}/publish", opt=_WRITE, sync_to_thread=True, status_code=200)
def publish_policy(
    visit: Visitor, organisation_id: Organisation, policy_id: FromPath[int], data: PublishBody
) -> PolicyView:
    """Offer a signed edition to the institutions below, or offer it no longer."""
    return PolicyView.of(
        visit.run(lambda uow: service.publish(uow, organisation_id, policy_id, published=data.published))
    )


def _signed(
    visit: Visit,
    organisation_id: int,
    policy_id: int,
    data: SignPolicy,
    if_match: str | None,
    act: Callable[[UnitOfWork, int, int, int, Evidence], model.Edition],
) -> PolicyView:
    version, evidence = _seen(if_match), _evidence(data)
    return PolicyView.of(visit.run(lambda uow: act(uow, organisation_id, policy_id, version, evidence)))


def _evidence(data: SignPolicy) -> Evidence:
    """Raises: ContainerMalformed."""
    if data.container is None:
        return Consent()
    try:
        return Cms(b64decode(data.container, validate=True))
    except NotBase64:
        raise ContainerMalformed() from None


def _seen(if_match: str | None) -> int:
    """The version that the caller has seen.  Raises: TagMissing; ChangedMeanwhile for what is no version."""
    tags = require_tag(if_match)
    bare = tags.pop().strip('"')
    if tags or not (bare.isascii() and bare.isdecimal() and len(bare) < 10):
        raise ChangedMeanwhile()
    return int(bare)


routes = [
    list_policies,
    begin_policy,
    list_policy_offers,
    write_policy,
    get_policy,  # after its path's other method: Litestar awaits a ``Response`` only of what it registered once
    policy_differences,
    policy_content_to_sign,
    propose_policy,
    sign_policy,
    return_policy,
    discard_policy,
    publish_policy,
]
