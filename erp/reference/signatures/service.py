"""Signing, and looking at signatures again.

``sign`` verifies before it keeps: what does not hold is refused with its reason, and nothing is written.  What was
taken is never changed; its digests stand in the trail, which is sealed with the journal.
"""

import hmac
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice

from erp.base import audit
from erp.base.uow import UnitOfWork
from erp.reference.access import identities
from erp.reference.signatures import containers, queries, rules
from erp.reference.signatures.centres import MOST_LISTS, ListsOf
from erp.reference.signatures.errors import (
    CertificateOfOtherIin,
    CertificateTaken,
    CertificateUnknown,
    SignatureUnknown,
    SignerNotAPerson,
)
from erp.reference.signatures.model import (
    Certificate,
    Checked,
    Cms,
    Consent,
    Evidence,
    Examined,
    Kept,
    Method,
    Registered,
    RevocationList,
    Signature,
    Verdict,
)

_AT_ONCE = 200
"""Signatures read together: their bytes are held meanwhile."""


def sign(
    uow: UnitOfWork, organisation_id: int, subject: str, purpose: str, content: bytes, evidence: Evidence
) -> Signature:
    """The scope's actor signs ``content`` for ``purpose``; verified, kept to the byte, and told in the trail.

    Args:
        subject: what is signed, as the trail calls it: ``prepared:12/7``.
        purpose: a slug: ``checked``, ``first-signature``, ``second-signature``, ``policy-first``, ``policy-second``.
        content: what ``rules.canonical`` makes of it.

    Raises: SignerNotAPerson, ContentTooLarge, CertificateNotRegistered, CertificateOfAnother, and every reason of
    ``errors`` for which a signature does not hold.
    """
    signer_id = uow.scope.actor.id
    if not signer_id:
        raise SignerNotAPerson()
    rules.require_size(content)
    container, examined, known_by = None, None, None
    if isinstance(evidence, Cms):
        container = containers.unarmoured(evidence.container)
        rules.require_size(container)
        examined = examine(uow, content, container)
        rules.require_good(examined)
        known_by = _known_by(uow, signer_id, _certificate(examined))
    signature_id = queries.insert_signature(
        uow.connection,
        uow.scope,
        organisation_id,
        subject,
        purpose,
        content,
        rules.new_code(),
        container=container,
        certificate=examined.certificate if examined else None,
        chain=examined.chain if examined else (),
        known_by=known_by,
        claimed_at=examined.claimed_at if examined else None,
    )
    signature = _kept(uow, organisation_id, signature_id).signature
    audit.record(
        uow.connection,
        uow.scope,
        "signed",
        subject,
        organisation_id=organisation_id,
        signature=signature.id,
        purpose=purpose,
        method=signature.method.value,
        certificate=signature.certificate.serial if signature.certificate else None,
        content_sha256=signature.content_sha256.hex(),
        container_sha256=signature.container_sha256.hex() if signature.container_sha256 else None,
    )
    return signature


def signatures_of(uow: UnitOfWork, organisation_id: int, subject: str) -> tuple[Signature, ...]:
    """Signatures of a subject, in the order in which they were given."""
    return signatures_by_subject(uow, organisation_id, [subject])[subject]


def signatures_by_subject(
    uow: UnitOfWork, organisation_id: int, subjects: Collection[str]
) -> dict[str, tuple[Signature, ...]]:
    """The same of many subjects at once."""
    found: dict[str, list[Signature]] = {subject: [] for subject in subjects}
    for signature in queries.signatures_of(uow.connection, uow.scope, organisation_id, subjects):
        found[signature.subject].append(signature)
    return {subject: tuple(given) for subject, given in found.items()}


def kept(uow: UnitOfWork, organisation_id: int, signature_id: int) -> Kept:
    """A signature with its bytes.  Raises: SignatureUnknown."""
    return _kept(uow, organisation_id, signature_id)


def verify_again(uow: UnitOfWork, organisation_id: int, signature_id: int) -> Verdict:
    """How a signature holds, as of when it was taken and as of now.  Raises: SignatureUnknown."""
    return _verdict(uow, _kept(uow, organisation_id, signature_id))


def verify_all(uow: UnitOfWork) -> Iterator[tuple[Signature, Verdict]]:
    """How each signature of the scope holds, by organisation and in the order in which they were given."""
    now, trusted = queries.instant(uow.connection, uow.scope), queries.trusted(uow.connection, uow.scope)
    after = (0, 0)
    while page := queries.kept_after(uow.connection, uow.scope, after, _AT_ONCE):
        for found in page:
            yield found.signature, rules.verdict(found, trusted, _lists(uow), now)
        after = page[-1].signature.organisation_id, page[-1].signature.id


def check(uow: UnitOfWork, code: str) -> Checked:
    """What anybody who holds the document may know of its signature.  Raises: SignatureUnknown."""
    found = _by_code(uow, code)
    return Checked(found.signature, rules.document_in(found.content), _verdict(uow, found))


def compare(uow: UnitOfWork, code: str, file: bytes) -> bool | Examined:
    """Whether a file is, byte for byte, what was signed or the container; how another container over it holds now.

    Raises: SignatureUnknown.
    """
    found = _by_code(uow, code)
    known = (found.signature.content_sha256, found.signature.container_sha256)
    if any(each is not None and hmac.compare_digest(each, sha256(file).digest()) for each in known):
        return True
    container = containers.container_in(file) if len(file) <= rules.LARGEST else None
    return False if container is None else examine(uow, found.content, container)


def examine(uow: UnitOfWork, content: bytes, container: bytes) -> Examined:
    """Look at any container over any content as of now: everything but whose certificate it is."""
    at = queries.instant(uow.connection, uow.scope)
    return rules.examine(content, container, queries.trusted(uow.connection, uow.scope), _lists(uow), at)


# ------------------------------------------------------------------------------------------------ one's certificates


def certificates(uow: UnitOfWork) -> list[Registered]:
    """Those that the scope's actor signs with."""
    return queries.registered(uow.connection, uow.scope, uow.scope.actor.id)


def register_certificate(uow: UnitOfWork, challenge: bytes, container: bytes) -> Certificate:
    """From now on the scope's actor signs with a certificate: its key has signed the challenge.

    The IIN in it is then what the person is known by: a later certificate of the same IIN needs no registering.

    Raises: CertificateTaken, CertificateOfOtherIin, and every reason for which a signature does not hold.
    """
    user_id = uow.scope.actor.id
    examined = examine(uow, challenge, containers.unarmoured(container))
    rules.require_good(examined)
    certificate = _certificate(examined)
    if certificate.iin is not None:
        own = identities.subject_of(uow, user_id, rules.IIN)
        if own not in (None, certificate.iin):
            raise CertificateOfOtherIin()
        if own is None and not identities.link(uow, user_id, rules.IIN, certificate.iin):
            raise CertificateTaken()
    if not queries.insert_certificate(uow.connection, uow.scope, user_id, certificate):
        raise CertificateTaken()
    audit.record(
        uow.connection,
        uow.scope,
        "certificate-registered",
        f"user:{user_id}",
        certificate=certificate.serial,
        name=certificate.name,
    )
    return certificate


def withdraw_certificate(uow: UnitOfWork, digest: bytes) -> None:
    """The scope's actor signs with it no more; what was signed stays.

    With the last one of an IIN the IIN is theirs no more, or it would still let the certificate in.  One that fell into
    wrong hands is to be revoked by its centre too.

    Raises: CertificateUnknown.
    """
    user_id = uow.scope.actor.id
    own = {each.sha256: each for each in certificates(uow)}
    withdrawn = own.pop(digest, None)
    if withdrawn is None:
        raise CertificateUnknown()
    queries.delete_certificate(uow.connection, uow.scope, user_id, digest)
    audit.record(uow.connection, uow.scope, "certificate-withdrawn", f"user:{user_id}", certificate=withdrawn.serial)
    iin = identities.subject_of(uow, user_id, rules.IIN)
    if iin is not None and iin == withdrawn.iin and all(each.iin != iin for each in own.values()):
        identities.unlink(uow, user_id, rules.IIN)


def challenge(secret: str) -> bytes:
    """What a person signs to show that they hold a key; another one in each session, whose ``secret`` it comes from."""
    drawn = sha256(b"certificate:" + secret.encode()).hexdigest()
    return f"Qazyna: this is my certificate ({drawn})".encode()


# ------------------------------------------------------------------------------------------------ inside


def _certificate(examined: Examined) -> Certificate:
    assert examined.certificate is not None, "a container that holds has its signer's certificate"
    return examined.certificate


def _known_by(uow: UnitOfWork, user_id: int, certificate: Certificate) -> str:
    registered = {each.sha256 for each in queries.registered(uow.connection, uow.scope, user_id)}
    return rules.known_by(certificate, registered, identities.subject_of(uow, user_id, rules.IIN))


def _kept(uow: UnitOfWork, organisation_id: int, signature_id: int) -> Kept:
    found = queries.kept(uow.connection, uow.scope, organisation_id, signature_id)
    if found is None:
        raise SignatureUnknown()
    return found


def _by_code(uow: UnitOfWork, typed: str) -> Kept:
    code = rules.typed_code(typed)
    found = queries.kept_by_code(uow.connection, uow.scope, code) if code else None
    if found is None:
        raise SignatureUnknown()
    return found


def _verdict(uow: UnitOfWork, found: Kept) -> Verdict:
    now = queries.instant(uow.connection, uow.scope)
    trusted = queries.trusted(uow.connection, uow.scope) if found.signature.method is Method.CMS else []
    return rules.verdict(found, trusted, _lists(uow), now)


class _Shelf:
    """The lists used last, by digest: they are of megabytes, and one verification after another asks for the same."""

    def __init__(self) -> None:
        self._held: dict[bytes, RevocationList] = {}

    def read(self, uow: UnitOfWork, digests: Sequence[bytes]) -> list[RevocationList]:
        held = self._held
        missing = [each for each in digests if each not in held]
        found = held | (queries.revocation_lists(uow.connection, uow.scope, missing) if missing else {})
        in_order = dict.fromkeys((*digests, *held))
        self._held = {each: found[each] for each in islice(in_order, MOST_LISTS)}
        return [found[each] for each in digests]


_SHELF = _Shelf()


def _lists(uow: UnitOfWork) -> ListsOf:
    def lists_of(issuers: Sequence[bytes], until: datetime) -> Sequence[RevocationList]:
        return _SHELF.read(uow, queries.lists_that_count(uow.connection, uow.scope, issuers, until))

    return lists_of


__all__ = ["Cms", "Consent", "Evidence", "Method", "sign", "signatures_of", "verify_again"]
