"""Letting a person sign on a page: what the page shows and sends, and what came back.

A page that asks for a signature passes ``signing=signing(request, content, needs_cms=…)`` to ``render`` and puts
``sign_fields(signing, …)`` of ``signatures/_sign.html`` into a form of several parts; its handler makes the same bytes
again and asks ``evidence_in``.  The rest (script, security policy, whole page instead of a part) follows by itself.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

import segno
from litestar import Request
from litestar.datastructures import UploadFile
from markupsafe import Markup

from api.app import security_policy
from api.options import Options
from erp.base.i18n import N_, Language
from erp.reference.access.model import ROLE_NAMES, Role
from erp.reference.attachments.rules import FileMissing
from erp.reference.signatures.errors import ContainerMalformed, ContentChanged, SignatureNeeded
from erp.reference.signatures.model import Aspect, Cms, Consent, Evidence, Outcome
from erp.reference.signatures.rules import shown_code
from web.i18n import Speech, speech, translate

Ask = Request[Any, Any, Any]


@dataclass(frozen=True)
class Signing:
    """What a page that asks for a signature needs to know."""

    content: bytes = field(repr=False)
    needs_cms: bool
    """Whether a consent is not enough."""
    ncalayer: str | None

    @property
    def encoded(self) -> str:
        return b64encode(self.content).decode()

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")

    @property
    def digest(self) -> str:
        return sha256(self.content).hexdigest()


def signing(request: Ask, content: bytes, *, needs_cms: bool = False) -> Signing:
    return Signing(content, needs_cms, options_of(request).ncalayer)


def evidence_in(sent: Mapping[str, Any], content: bytes, *, needs_cms: bool = False) -> Evidence:
    """What a form with ``sign_fields`` brought.

    Args:
        content: the bytes as they are now; a form that shows others is refused.

    Raises: ContentChanged, SignatureNeeded, ContainerMalformed, FileMissing.
    """
    shown = sent.get("signed", "")
    if shown and shown != b64encode(content).decode():
        raise ContentChanged()
    match sent.get("evidence", ""):
        case "cms":
            return Cms(_decoded(str(sent.get("container", "")).encode()))
        case "file":
            file = sent.get("container-file")
            if not isinstance(file, UploadFile) or not file.filename:
                raise FileMissing()
            return Cms(_decoded(file.file.read()))
    if needs_cms:
        raise SignatureNeeded()
    return Consent()


def _decoded(container: bytes) -> bytes:
    """DER as it is, PEM as it is, bare base64 decoded.  Raises: ContainerMalformed."""
    if container[:1] == b"\x30" or b"-----BEGIN" in container[:100]:
        return container
    try:
        return b64decode(b"".join(container.split()), validate=True)
    except NotBase64:
        raise ContainerMalformed() from None


def headers_for(page: Signing | None) -> dict[str, str]:
    """What a page says to the browser if it signs there: it may speak to NCALayer, and to nothing else besides us."""
    if page is None or page.ncalayer is None:
        return {}
    return {"Content-Security-Policy": security_policy(also=page.ncalayer)}


def options_of(request: Ask) -> Options:
    options: Options = request.app.state.options
    return options


def public_url(request: Ask) -> str:
    """How this program is reached from outside, without a slash at the end."""
    return options_of(request).seen_at(request.base_url)


def check_url(request: Ask, code: str) -> str:
    """Where anybody has a signature checked: what a printed page's QR says."""
    return f"{public_url(request)}/check/{shown_code(code)}"


def qr(url: str, *, scale: int = 3) -> Markup:
    """A QR code as a picture that needs no address."""
    return Markup(segno.make(url, error="m").svg_inline(scale=scale, dark="#000", light="#fff", border=2))  # noqa: S704


# ------------------------------------------------------------------------------------------------ words

PURPOSES: dict[str, str] = {
    "checked": N_("check"),
    "first-signature": N_("first signature"),
    "second-signature": N_("second signature"),
    "policy-first": N_("first signature"),
    "policy-second": N_("second signature"),
}
"""What for somebody signs; a purpose that is not here is shown by its own name."""

METHODS: dict[str, str] = {
    "consent": N_("consent recorded"),
    "cms": N_("electronic digital signature"),
}

DOCUMENTS: dict[str, str] = {
    "entry": N_("Entry"),
    "correction": N_("Correction"),
    "prepared": N_("Prepared entry"),
    "policy": N_("Accounting policy"),
    "takeover": N_("Taking over of books"),
    "closing": N_("Close of a month"),
}
"""Kinds of documents that are signed; one that is not here is shown by its own name."""

ASPECTS = {
    Aspect.BYTES: N_("Document and signature are as they were signed"),
    Aspect.SIGNATURE: N_("The signature fits the document and the key"),
    Aspect.CHAIN: N_("The certificate is of a trusted centre"),
    Aspect.VALIDITY: N_("The certificate is in force"),
    Aspect.USAGE: N_("The key is for signing documents"),
    Aspect.REVOCATION: N_("The certificate is not revoked"),
    Aspect.SIGNER: N_("The certificate is the signer’s"),
    Aspect.TIME_STAMP: N_("The time stamp"),
}
OUTCOMES = {
    Outcome.HOLDS: N_("yes"),
    Outcome.FAILS: N_("no"),
    Outcome.UNKNOWN: N_("not verified"),
}


def words(language: Language) -> dict[str, Callable[..., str]]:
    """How templates name what is about signatures."""
    say = speech(language)
    return {
        "purpose_name": partial(_named, PURPOSES, say),
        "role_name": lambda role: say(ROLE_NAMES[Role(role)]) if role in set(Role) else role,
        "aspect_name": lambda aspect: say(ASPECTS[aspect]),
        "outcome_name": lambda outcome: say(OUTCOMES[outcome]),
        "told": lambda reason: translate(reason, language),
    }


def _named(names: dict[str, str], say: Speech, slug: str) -> str:
    return say(names[slug]) if slug in names else slug


def document_name(kind: str, language: Language) -> str:
    return _named(DOCUMENTS, speech(language), kind)
