"""Signatures on pages: one of them whole, the check that anybody may make, and the file to be signed elsewhere."""

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect

from api.allowance import Allowance
from api.finance.papers import FILE_HEADERS
from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.errors import NotFound
from erp.base.i18n import Language
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.attachments.rules import FileMissing
from erp.reference.organisations import service as organisations
from erp.reference.signatures import rules, service
from erp.reference.signatures.errors import SignatureUnknown
from erp.reference.signatures.model import Aspect, Check, Checked, Examined, Kept, Verdict
from web.faults import Refusal, fault_sheet
from web.forms import tidy
from web.pages import Ask, Id, organisation_at, render
from web.papers import Uploaded
from web.places import page_of
from web.signing import check_url, document_name, qr

_READ = {"policy": Permission.JOURNAL_READ}
_PUBLIC = {"policy": Permission.PUBLIC}
_IN_PERSON = {"policy": Permission.IN_PERSON}

Row = tuple[Aspect, Check | None, Check | None]


def rows(verdict: Verdict) -> list[Row]:
    """What was looked at, as of when it was signed and as of now."""
    then, now = ({check.aspect: check for check in checks} for checks in (verdict.then, verdict.now))
    return [(aspect, then.get(aspect), now.get(aspect)) for aspect in Aspect if aspect in then or aspect in now]


# ------------------------------------------------------------------------------------------------ one of them


@get("/o/{organisation_id:int}/signatures/{signature_id:int}", opt=_READ, sync_to_thread=True)
def signature_page(request: Ask, visit: Visitor, organisation_id: Id, signature_id: Id) -> Response[str]:
    """A signature whole, verified now."""

    def read(uow: UnitOfWork) -> tuple[Any, Kept, Verdict]:
        found = service.kept(uow, organisation_id, signature_id)
        return organisation_at(uow), found, service.verify_again(uow, organisation_id, signature_id)

    organisation, found, verdict = visit.read(read)
    address = check_url(request, found.signature.check_code)
    return render(
        request,
        "signatures/signature.html",
        organisation=organisation,
        of=found.signature,
        verdict=verdict,
        rows=rows(verdict),
        address=request.url.path,
        back=page_of(found.signature.subject) or "",
        check_url=address,
        picture=qr(address),
    )


@get("/o/{organisation_id:int}/signatures/{signature_id:int}/{part:str}", opt=_READ, sync_to_thread=True)
def signature_part(visit: Visitor, organisation_id: Id, signature_id: Id, part: FromPath[str]) -> Response[bytes]:
    """The exact bytes: what was signed, the container, the certificate.  Raises: SignatureUnknown."""
    found = visit.read(lambda uow: service.kept(uow, organisation_id, signature_id))
    certificate = found.signature.certificate
    parts = {
        "content": (found.content, "application/octet-stream", "signed.bin"),
        "container": (found.container, "application/cms", "signed.bin.cms"),
        "certificate": (certificate.der if certificate else None, "application/pkix-cert", "signer.cer"),
    }
    content, media_type, name = parts.get(part, (None, "", ""))
    if content is None:
        raise SignatureUnknown()
    return _file(content, f"{signature_id}-{name}", media_type)


@post("/signing/content", opt=_IN_PERSON, sync_to_thread=True)
def content_to_sign(request: Ask, visit: Visitor, data: Uploaded) -> Response[bytes]:
    """What a form shows to be signed, as a file; it says to nobody what its sender did not know."""
    try:
        return _file(b64decode(str(data.get("signed", "")), validate=True), "to-sign.bin", "application/octet-stream")
    except NotBase64:
        raise FileMissing() from None


def _file(content: bytes, name: str, media_type: str) -> Response[bytes]:
    disposition = {"Content-Disposition": f'attachment; filename="{quote(name)}"'}
    return Response(content, media_type=media_type, status_code=200, headers=FILE_HEADERS | disposition)


# ------------------------------------------------------------------------------------------------ the check


@get("/check", opt=_PUBLIC, sync_to_thread=True)
def check_form(request: Ask, visit: Visitor) -> Response[Any]:
    """Where a code is typed."""
    typed = tidy(request.query_params.get("code", ""))
    if not typed:
        return _check_page(request)
    code = rules.typed_code(typed)
    if code is None:
        return _check_page(request, refusal=SignatureUnknown(), typed=typed)
    return Redirect(f"/check/{rules.shown_code(code)}", status_code=303)


@get("/check/{code:str}", opt=_PUBLIC, sync_to_thread=True)
def check(request: Ask, visit: Visitor, code: FromPath[str]) -> Response[str]:
    """What everybody may know of a signature: no amount, no text."""
    try:
        return _found_page(request, visit, code)
    except NotFound as refusal:
        return _check_page(request, refusal=refusal, typed=code)


@post("/check/{code:str}", opt=_PUBLIC, sync_to_thread=True)
def check_file(request: Ask, visit: Visitor, code: FromPath[str], data: Uploaded) -> Response[str]:
    """Whether a file is what was signed, or a signature of it."""
    sent = data.get("file")
    try:
        if not isinstance(sent, UploadFile) or not sent.filename:
            return _found_page(request, visit, code, refusal=FileMissing())
        return _found_page(request, visit, code, file=sent)
    except NotFound as refusal:
        return _check_page(request, refusal=refusal, typed=code)


def allow(request: Ask, visit: Visit, code: str) -> None:
    """Count a question for a code that may be one.  Raises: AskedTooOften."""
    if rules.typed_code(code) is not None:
        checks: Allowance = request.app.state.checks
        checks.take(visit.scope.actor.origin)


def _found_page(
    request: Ask,
    visit: Visit,
    code: str,
    *,
    file: UploadFile | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    """Raises: AskedTooOften, SignatureUnknown."""
    allow(request, visit, code)
    content = None if file is None else file.file.read()

    def look(uow: UnitOfWork) -> tuple[Checked, str, bool | Examined | None]:
        found, name = found_at(uow, code, visit.language)
        return found, name, None if content is None else service.compare(uow, code, content)

    found, name, compared = visit.read(look)
    kind = found.document.kind if found.document else found.signature.subject.partition(":")[0]
    return _check_page(
        request,
        refusal=refusal,
        found=found,
        code=rules.shown_code(found.signature.check_code),
        of_organisation=name,
        document_name=document_name(kind, visit.language),
        verdict=found.verdict,
        rows=rows(found.verdict),
        compared=compared,
        file_name=file.filename if file else "",
    )


def found_at(uow: UnitOfWork, code: str, language: Language) -> tuple[Checked, str]:
    """What a code leads to, and the name of the organisation.  Raises: SignatureUnknown."""
    found = service.check(uow, code)
    at = found.signature.organisation_id
    return found, organisations.by_ids(uow, [at], today())[at].name(language)


def _check_page(
    request: Ask, *, refusal: Refusal | None = None, found: Checked | None = None, typed: str = "", **context: Any
) -> Response[str]:
    visit: Visit = request.state.visit
    return render(
        request,
        "signatures/check.html",
        status=status_of(refusal) if refusal else 200,
        found=found,
        typed=typed,
        summary=fault_sheet(refusal, visit.language).summary,
        **context,
    )


routes = [signature_page, signature_part, check_form, check, check_file, content_to_sign]
