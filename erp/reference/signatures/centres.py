"""Certification centres: the way from a signer's certificate to one that is trusted, and what was revoked.

The way is looked for by the verifier of ``cryptography`` (RFC 5280, section 6), whose rules for centres hold and whose
rules for names of web servers do not; nothing is asked over the network.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

from asn1crypto import x509
from cryptography import x509 as lists
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from erp.base.clock import LOCAL_TIME
from erp.reference.signatures.containers import name_of, printable, reading
from erp.reference.signatures.errors import (
    CentreNotTrusted,
    CertificateNotInForce,
    CertificateRevoked,
    RevocationUnknown,
    TrustEmpty,
    UsageWrong,
)
from erp.reference.signatures.model import RevocationList, Trusted

ListsOf = Callable[[Sequence[bytes], datetime], Sequence[RevocationList]]
"""Lists of centres by their names (DER): the newest, and the newest as of when a certificate ran out."""

MOST_LISTS = 8
"""How many are held in memory: full and delta, of two centres and their roots."""

_FOR_SIGNING = {"digital_signature", "non_repudiation"}


def chain(
    certificate: x509.Certificate, others: Sequence[x509.Certificate], trusted: Sequence[Trusted], at: datetime
) -> list[x509.Certificate]:
    """Certificates above the signer's, up to the trusted one, as of ``at``.

    One that has run out is looked at as of its last day: that it has is another question.

    Raises: TrustEmpty, CentreNotTrusted, ContainerMalformed.
    """
    roots = [each.der for each in trusted if each.is_root]
    if not roots:
        raise TrustEmpty()
    with reading():
        since, last = _in_force(certificate)
        centres = [each.der for each in trusted if not each.is_root]
        between = [lists.load_der_x509_certificate(der) for der in (*centres, *(each.dump() for each in others))]
        verifier = (
            PolicyBuilder()
            .store(Store([lists.load_der_x509_certificate(der) for der in roots]))
            .time(min(max(at, since), last))
            .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all())
            .build_client_verifier()
        )
        try:
            found = verifier.verify(lists.load_der_x509_certificate(certificate.dump()), between).chain
        except VerificationError:
            raise CentreNotTrusted(issuer=printable(name_of(certificate.issuer))) from None
        return [x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in found[1:]]


def require_in_force(certificate: x509.Certificate, at: datetime) -> None:
    """Raises: CertificateNotInForce, ContainerMalformed."""
    with reading():
        since, last = _in_force(certificate)
        if not since <= at <= last:
            raise CertificateNotInForce(
                name=printable(name_of(certificate.subject)), since=_shown(since), last=_shown(last)
            )


def require_for_signing(certificate: x509.Certificate) -> None:
    """That its key may sign documents, and is no centre's.  Raises: UsageWrong, ContainerMalformed."""
    with reading():
        usage = certificate.key_usage_value
        if certificate.ca or usage is None or not _FOR_SIGNING & set(usage.native):
            raise UsageWrong(name=printable(name_of(certificate.subject)))


def require_not_revoked(path: Sequence[x509.Certificate], lists_of: ListsOf, at: datetime) -> None:
    """That nothing on the way from the signer to the trusted certificate was revoked by ``at``.

    Args:
        path: the signer's certificate, and those above it.

    Raises: CertificateRevoked; RevocationUnknown where no list of a centre covers ``at``.
    """
    with reading():
        names = [above.subject.dump() for above in path[1:]]
        kept = lists_of(names, path[0]["tbs_certificate"]["validity"]["not_after"].native) if names else ()
        unknown: RevocationUnknown | None = None
        for certificate, above in pairwise(path):
            told = [
                read
                for each in kept
                if each.issuer == above.subject.dump()
                for read in [verified_list(each.content, above.public_key.dump())]
                if read is not None
            ]
            if (since := _revoked_at(certificate, told)) is not None and since <= at:
                raise CertificateRevoked(name=printable(name_of(certificate.subject)), since=_shown(since))
            if not any(_covers(each, at) for each in told):
                unknown = unknown or RevocationUnknown(issuer=printable(name_of(above.subject)))
    if unknown is not None:
        raise unknown


@lru_cache(maxsize=MOST_LISTS)
def verified_list(content: bytes, public_key: bytes) -> lists.CertificateRevocationList | None:
    """A list that the key signed; ``None`` where it did not, or by an algorithm that cannot be verified."""
    try:
        read = lists.load_der_x509_crl(content)
        is_own = read.is_signature_valid(load_der_public_key(public_key))  # type: ignore[arg-type]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return read if is_own else None


def is_delta(read: lists.CertificateRevocationList) -> bool:
    """Whether it holds only what changed since another."""
    return any(isinstance(each.value, lists.DeltaCRLIndicator) for each in read.extensions)


def _revoked_at(certificate: x509.Certificate, told: Sequence[lists.CertificateRevocationList]) -> datetime | None:
    """When any of the lists says it was revoked, the earliest; a mention that lifts a suspension does not count."""
    found = (each.get_revoked_certificate_by_serial_number(certificate.serial_number) for each in told)
    return min((each.revocation_date_utc for each in found if each is not None and not _lifted(each)), default=None)


def _lifted(entry: lists.RevokedCertificate) -> bool:
    try:
        reason = entry.extensions.get_extension_for_class(lists.CRLReason).value.reason
    except lists.ExtensionNotFound:
        return False
    return reason is lists.ReasonFlags.remove_from_crl


def _covers(read: lists.CertificateRevocationList, at: datetime) -> bool:
    """Whether a full list says what was revoked by ``at``: it was made later, or was the current one then."""
    if is_delta(read):
        return False
    return at <= read.last_update_utc or read.next_update_utc is None or at <= read.next_update_utc


def _in_force(certificate: x509.Certificate) -> tuple[datetime, datetime]:
    validity = certificate["tbs_certificate"]["validity"]
    return validity["not_before"].native, validity["not_after"].native


def _shown(at: datetime) -> str:
    return at.astimezone(LOCAL_TIME).isoformat(timespec="seconds")
