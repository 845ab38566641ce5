"""Signatures under ``/api/v1``: those of a document, one with its verdict and bytes, and everybody's check."""

from datetime import date, datetime
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import FromPath, PathParameter, QueryParameter
from pydantic import Field

from api.allowance import Allowance
from api.conventions import API, BOOKS, Organisation, Page, View
from api.finance.papers import FILE_HEADERS
from api.security import Visitor
from erp.base.clock import today
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation as Body
from erp.reference.signatures import rules, service
from erp.reference.signatures.errors import SignatureUnknown
from erp.reference.signatures.model import Certificate, Check, Checked, Signature, Verdict

_READ = {"policy": Permission.JOURNAL_READ}
_PUBLIC = {"policy": Permission.PUBLIC}

Subject = Annotated[str, QueryParameter(description="What was signed, like `prepared:12/7`.", max_length=200)]
Code = Annotated[str, PathParameter(description="As it is printed on the document, with or without hyphens.")]


class CheckView(View):
    aspect: str = Field(
        description="`bytes`, `signature`, `chain`, `validity`, `usage`, `revocation`, `signer`, `time-stamp`.",
        examples=["signature"],
    )
    outcome: str = Field(description="`holds`, `fails`, or `unknown`: could not be verified.", examples=["holds"])
    reason: str | None = Field(description="Code of the refusal that says why.", examples=[None])

    @classmethod
    def of(cls, check: Check) -> "CheckView":
        return cls(
            aspect=check.aspect.value,
            outcome=check.outcome.value,
            reason=check.reason.code if check.reason else None,
        )


class VerdictView(View):
    valid: bool = Field(description="As of when it was signed.", examples=[True])
    valid_now: bool = Field(description="Whether the same would be taken now.", examples=[True])
    checked_at: datetime
    then: list[CheckView] = Field(description="What was looked at, as of when it was signed.")
    now: list[CheckView] = Field(description="The same, as of now.")
    stamped_at: datetime | None = Field(
        description="Time of the time stamp inside the container, where it verifies.", examples=[None]
    )

    @classmethod
    def of(cls, verdict: Verdict) -> "VerdictView":
        return cls(
            valid=verdict.is_valid,
            valid_now=verdict.is_valid_now,
            checked_at=verdict.checked_at,
            then=[CheckView.of(each) for each in verdict.then],
            now=[CheckView.of(each) for each in verdict.now],
            stamped_at=verdict.stamped_at,
        )


class CertificateView(View):
    serial: str = Field(examples=["5a1f0c"])
    name: str = Field(examples=["СЕРІКОВА АЙГҮЛ"])
    iin: str | None = Field(examples=["850719300018"])
    bin: str | None = Field(examples=[None])
    issuer: str = Field(examples=["ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ"])
    valid_from: datetime
    valid_until: datetime

    @classmethod
    def of(cls, certificate: Certificate) -> "CertificateView":
        return cls(**{name: getattr(certificate, name) for name in cls.model_fields})


class SignatureView(View):
    id: int
    subject: str = Field(examples=["prepared:12/7"])
    purpose: str = Field(examples=["second-signature"])
    method: str = Field(description="`consent`, or `cms`: an electronic digital signature.", examples=["cms"])
    signer: str = Field(examples=["Айгүл Серікова"])
    on_behalf_of: str | None = Field(description="Whose rights a delegate used.", examples=[None])
    roles: list[str] = Field(description="Held there that day.", examples=[["chief_accountant"]])
    signed_at: datetime
    claimed_at: datetime | None = Field(description="By the clock of the signer's own device.")
    check_code: str = Field(examples=["7K3QD-0ABCD-EFGHJ-12345"])
    content_sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    container_sha256: str | None
    certificate: CertificateView | None

    @classmethod
    def of(cls, s: Signature) -> "SignatureView":
        return cls(
            id=s.id,
            subject=s.subject,
            purpose=s.purpose,
            method=s.method.value,
            signer=s.signer,
            on_behalf_of=s.on_behalf_of or None,
            roles=list(s.roles),
            signed_at=s.signed_at,
            claimed_at=s.claimed_at,
            check_code=rules.shown_code(s.check_code),
            content_sha256=s.content_sha256.hex(),
            container_sha256=s.container_sha256.hex() if s.container_sha256 else None,
            certificate=CertificateView.of(s.certificate) if s.certificate else None,
        )


class PublicSignatureView(View):
    """What everybody may know of a signature: no amount, no text."""

    organisation: str = Field(examples=["№ 7 мектеп-гимназия"])
    kind: str = Field(description="Of the document.", examples=["entry"])
    number: str | None = Field(examples=["15"])
    on: date | None
    signer: str = Field(examples=["Айгүл Серікова"])
    on_behalf_of: str | None = Field(examples=[None])
    purpose: str = Field(examples=["second-signature"])
    roles: list[str] = Field(examples=[["chief_accountant"]])
    method: str = Field(examples=["cms"])
    signed_at: datetime
    verdict: VerdictView

    @classmethod
    def of(cls, found: Checked, body: Body) -> "PublicSignatureView":
        s, document = found.signature, found.document
        return cls(
            organisation=body.name_kk,
            kind=document.kind if document else s.subject.partition(":")[0],
            number=document.number if document else None,
            on=document.on if document else None,
            signer=s.signer,
            on_behalf_of=s.on_behalf_of or None,
            purpose=s.purpose,
            roles=list(s.roles),
            method=s.method.value,
            signed_at=s.signed_at,
            verdict=VerdictView.of(found.verdict),
        )


@get(f"{BOOKS}/signatures", opt=_READ, sync_to_thread=True)
def list_signatures(visit: Visitor, organisation_id: Organisation, subject: Subject) -> Page[SignatureView]:
    """Signatures of a document, in the order in which they were given."""
    found = visit.read(lambda u: service.signatures_of(u, organisation_id, subject))
    return Page(items=[SignatureView.of(each) for each in found])


@get(f"{BOOKS}/signatures/{{signature_id:int}}/verdict", opt=_READ, sync_to_thread=True)
def verify_signature(visit: Visitor, organisation_id: Organisation, signature_id: FromPath[int]) -> VerdictView:
    """Verify a signature again, as of when it was given and as of now."""
    return VerdictView.of(visit.read(lambda u: service.verify_again(u, organisation_id, signature_id)))


@get(f"{BOOKS}/signatures/{{signature_id:int}}/content", opt=_READ, sync_to_thread=True)
def signed_content(visit: Visitor, organisation_id: Organisation, signature_id: FromPath[int]) -> Response[bytes]:
    """Exactly the bytes that were signed."""
    found = visit.read(lambda u: service.kept(u, organisation_id, signature_id))
    return Response(found.content, media_type="application/octet-stream", headers=FILE_HEADERS)


@get(f"{BOOKS}/signatures/{{signature_id:int}}/container", opt=_READ, sync_to_thread=True)
def signature_container(visit: Visitor, organisation_id: Organisation, signature_id: FromPath[int]) -> Response[bytes]:
    """The container (CMS, detached), as it came; a consent has none."""
    found = visit.read(lambda u: service.kept(u, organisation_id, signature_id))
    if found.container is None:
        raise SignatureUnknown()
    return Response(found.container, media_type="application/cms", headers=FILE_HEADERS)


@get(f"{API}/check/{{code:str}}", opt=_PUBLIC, sync_to_thread=True)
def check_signature(request: Request[Any, Any, Any], visit: Visitor, code: Code) -> PublicSignatureView:
    """Check the signature of a document by the code printed on it; no token is needed."""
    if rules.typed_code(code) is not None:
        checks: Allowance = request.app.state.checks
        checks.take(visit.scope.actor.origin)

    def read(u: UnitOfWork) -> tuple[Checked, Body]:
        found = service.check(u, code)
        at = found.signature.organisation_id
        return found, organisations.by_ids(u, [at], today())[at]

    return PublicSignatureView.of(*visit.read(read))


routes = [list_signatures, verify_signature, signed_content, signature_container, check_signature]
