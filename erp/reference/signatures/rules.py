"""Pure rules of signing: what is signed, how a signature is looked at, and by what code anybody has it checked."""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from hashlib import sha256
from secrets import choice
from typing import Any

from asn1crypto import x509

from erp.base.errors import DomainError
from erp.reference.signatures import centres, containers
from erp.reference.signatures.centres import ListsOf
from erp.reference.signatures.errors import (
    AlgorithmNotVerifiable,
    BytesDiffer,
    CertificateNotRegistered,
    CertificateOfAnother,
    ContentTooLarge,
    RevocationUnknown,
    StampNotVerified,
)
from erp.reference.signatures.model import (
    Aspect,
    Certificate,
    Check,
    Document,
    Examined,
    Kept,
    Outcome,
    Trusted,
    Verdict,
)

LARGEST = 10 << 20  # bytes that are signed at once
IIN = "iin"
"""Issuer of an identity that is a person's number."""

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U: a code is read from paper."""
_CODE = 20  # letters, of 5 bits each
_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_UNKNOWN = (AlgorithmNotVerifiable, RevocationUnknown, StampNotVerified)
"""Reasons that say that something could not be verified, not that it is wrong."""


def canonical(subject: str, purpose: str, document: Document, **facts: Any) -> bytes:
    """The bytes that are signed: JSON with sorted keys, without blanks, in UTF-8.

    Args:
        facts: everything that the signer answers for; revision, amounts as decimal strings, days as ISO 8601.
    """
    told = {
        **facts,
        "subject": subject,
        "purpose": purpose,
        "document": {
            "kind": document.kind,
            "number": document.number,
            "on": document.on.isoformat() if document.on else None,
        },
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def document_in(content: bytes) -> Document | None:
    """What canonical bytes say of their document; ``None`` where they are of another form."""
    try:
        told = json.loads(content)["document"]
        return Document(str(told["kind"]), str(told["number"]), date.fromisoformat(told["on"]) if told["on"] else None)
    except (ValueError, TypeError, KeyError):
        return None


def require_size(content: bytes) -> None:
    """Raises: ContentTooLarge."""
    if len(content) > LARGEST:
        raise ContentTooLarge(limit=LARGEST >> 20)


# ------------------------------------------------------------------------------------------------ codes


def new_code() -> str:
    """A code that nobody guesses: 100 random bits."""
    return "".join(choice(_LETTERS) for _ in range(_CODE))


def shown_code(code: str) -> str:
    """As it is printed: in groups of five."""
    return "-".join(code[start : start + 5] for start in range(0, len(code), 5))


def typed_code(text: str) -> str | None:
    """A code as it is kept, from what somebody typed; ``None`` where it is none.

    >>> typed_code("o1234-5678l abcdeFGHJK")
    '0123456781ABCDEFGHJK'
    """
    code = text.upper().translate(_MEANT)
    return code if len(code) == _CODE and set(code) <= set(_LETTERS) else None


# ------------------------------------------------------------------------------------------------ verifying


def examine(content: bytes, container: bytes, trusted: Sequence[Trusted], lists_of: ListsOf, at: datetime) -> Examined:
    """Look at a container as of an instant: everything but whose certificate it is."""
    checks, certificate, above = _Checks(), None, list[x509.Certificate]()
    claimed, stamped, is_stamped = None, None, False
    with checks(Aspect.SIGNATURE):
        read = containers.read(container)
        certificate = containers.described(read.certificate)
        claimed = containers.claimed_at(read)
        is_stamped = containers.has_stamp(read)
        containers.verify_detached(read, content)
    if certificate is None:
        return Examined(checks.done, None, ())
    with checks(Aspect.CHAIN):
        above = centres.chain(read.certificate, read.others, _trusted_at(trusted, at), at)
    with checks(Aspect.VALIDITY):
        centres.require_in_force(read.certificate, at)
    with checks(Aspect.USAGE):
        centres.require_for_signing(read.certificate)
    if above or checks.holds(Aspect.CHAIN):
        with checks(Aspect.REVOCATION):
            centres.require_not_revoked([read.certificate, *above], lists_of, at)
    if is_stamped and checks.holds(Aspect.SIGNATURE):
        with checks(Aspect.TIME_STAMP):
            stamped = _stamped_at(read, trusted, lists_of, at)
    return Examined(checks.done, certificate, tuple(each.dump() for each in above), claimed, stamped)


def _stamped_at(read: containers.Container, trusted: Sequence[Trusted], lists_of: ListsOf, at: datetime) -> datetime:
    """Raises: StampNotVerified."""
    try:
        stamp = containers.stamp_of(read)
        above = centres.chain(stamp.authority, stamp.others, _trusted_at(trusted, at), stamp.at)
        centres.require_in_force(stamp.authority, stamp.at)
        centres.require_not_revoked([stamp.authority, *above], lists_of, stamp.at)
    except RevocationUnknown:
        return stamp.at  # told of the signer's certificate already
    except DomainError as reason:
        raise StampNotVerified() from reason
    return stamp.at


def known_by(certificate: Certificate, registered: Collection[bytes], iin: str | None) -> str:
    """How a certificate is a person's.

    Args:
        registered: SHA-256 of those that the person registered.
        iin: the one that the person is known by.

    Raises: CertificateOfAnother, CertificateNotRegistered.
    """
    if sha256(certificate.der).digest() in registered:
        return "registered"
    if iin is not None and certificate.iin == iin:
        return "iin"
    if not registered and iin is None:
        raise CertificateNotRegistered()
    raise CertificateOfAnother(name=certificate.name)


def require_good(examined: Examined) -> None:
    """Raises: the reason of the first thing that does not hold."""
    if not examined.is_valid:
        raise next(
            check.reason
            for check in examined.checks
            if check.reason is not None and (check.outcome is Outcome.FAILS or check.aspect is Aspect.SIGNATURE)
        )


def verdict(kept: Kept, trusted: Sequence[Trusted], lists_of: ListsOf, now: datetime) -> Verdict:
    """How a signature that was taken holds."""
    signature, container, whole = kept.signature, kept.container, _bytes_check(kept)
    if container is None or signature.certificate is None:
        return Verdict(signature.signed_at, now, (whole,), (whole,))

    def as_of(at: datetime) -> Examined:
        return examine(kept.content, container, _with_chain(trusted, kept, at), lists_of, at)

    then, today = as_of(signature.signed_at), as_of(now)
    own = Check(Aspect.SIGNER, *_signer_outcome(then.certificate, signature.certificate))
    at_signing, at_present = ((whole, *_with(each.checks, own)) for each in (then, today))
    return Verdict(signature.signed_at, now, at_signing, at_present, then.stamped_at)


def _with(checks: Sequence[Check], own: Check) -> list[Check]:
    order = list(Aspect)
    return sorted([*checks, own], key=lambda check: order.index(check.aspect))


def _signer_outcome(found: Certificate | None, taken: Certificate) -> tuple[Outcome, DomainError | None]:
    if found is not None and found.der == taken.der:
        return Outcome.HOLDS, None
    return Outcome.FAILS, CertificateOfAnother(name=found.name if found else taken.name)


def _bytes_check(kept: Kept) -> Check:
    signature = kept.signature
    same = sha256(kept.content).digest() == signature.content_sha256
    if kept.container is not None:
        same = same and sha256(kept.container).digest() == signature.container_sha256
    return Check(Aspect.BYTES, Outcome.HOLDS) if same else Check(Aspect.BYTES, Outcome.FAILS, BytesDiffer())


def _with_chain(trusted: Sequence[Trusted], kept: Kept, at: datetime) -> Sequence[Trusted]:
    """With the centres that led to a trusted one when it was signed: they need not be at hand any more."""

    def centre(der: bytes) -> Trusted:
        return Trusted(sha256(der).digest(), der, False, "", "", at, at, at, None)

    return [*trusted, *(centre(der) for der in kept.chain)]


def _trusted_at(trusted: Sequence[Trusted], at: datetime) -> list[Trusted]:
    return [t for t in trusted if t.trusted_from <= at and (t.withdrawn_at is None or at < t.withdrawn_at)]


class _Checks:
    """Gathers what was looked at; a refusal inside is its reason."""

    def __init__(self) -> None:
        self._done: dict[Aspect, Check] = {}

    @contextmanager
    def __call__(self, aspect: Aspect) -> Iterator[None]:
        try:
            yield
        except DomainError as reason:
            outcome = Outcome.UNKNOWN if isinstance(reason, _UNKNOWN) else Outcome.FAILS
            self._done[aspect] = Check(aspect, outcome, reason)
        else:
            self._done[aspect] = Check(aspect, Outcome.HOLDS)

    def holds(self, aspect: Aspect) -> bool:
        return aspect in self._done and self._done[aspect].outcome is Outcome.HOLDS

    @property
    def done(self) -> tuple[Check, ...]:
        return tuple(self._done.values())
