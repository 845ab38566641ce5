"""One's own certificates: with which of them a person signs here."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from api.problems import status_of
from api.security import SESSION_COOKIE, Visitor
from erp.base.errors import Conflict, DomainError, NotPermitted, RuleViolated
from erp.reference.access.model import Permission
from erp.reference.signatures import service
from erp.reference.signatures.errors import CertificateUnknown
from erp.reference.signatures.model import Cms
from web.faults import fault_sheet
from web.pages import Ask, render
from web.papers import Uploaded
from web.session import Sent
from web.signing import evidence_in, signing

_OWN = {"policy": Permission.OWN_ACCOUNT}
_PLACE = "/account#certificates"


@get("/account/certificates/new", opt=_OWN, sync_to_thread=True)
def new_certificate(request: Ask, visit: Visitor) -> Response[str]:
    return _page(request)


@post("/account/certificates/new", opt=_OWN, sync_to_thread=True)
def register_certificate(request: Ask, visit: Visitor, data: Uploaded) -> Response[Any]:
    """Register the certificate that signed this session's challenge."""
    challenge = _challenge(request)
    try:
        evidence = evidence_in(data, challenge, needs_cms=True)
        assert isinstance(evidence, Cms), "nothing else is taken"
        container = evidence.container
        visit.run(lambda uow: service.register_certificate(uow, challenge, container))
    except (RuleViolated, Conflict, NotPermitted) as refusal:
        return _page(request, refusal)
    return Redirect(_PLACE, status_code=303)


@post("/account/certificates/{digest:str}/withdraw", opt=_OWN, sync_to_thread=True)
def withdraw_certificate(visit: Visitor, digest: FromPath[str], data: Sent) -> Redirect:
    """Sign with it no more.  Raises: CertificateUnknown."""
    try:
        asked = bytes.fromhex(digest)
    except ValueError:
        raise CertificateUnknown() from None
    visit.run(lambda uow: service.withdraw_certificate(uow, asked))
    return Redirect(_PLACE, status_code=303)


def _page(request: Ask, refusal: DomainError | None = None) -> Response[str]:
    return render(
        request,
        "account/certificate.html",
        status=status_of(refusal) if refusal else 200,
        signing=signing(request, _challenge(request), needs_cms=True),
        summary=fault_sheet(refusal, request.state.visit.language).summary,
    )


def _challenge(request: Ask) -> bytes:
    return service.challenge(request.cookies.get(SESSION_COOKIE, ""))


routes = [new_certificate, register_certificate, withdraw_certificate]
