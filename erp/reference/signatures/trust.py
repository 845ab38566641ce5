"""Whom the program trusts: certificates of certification centres and their lists of revoked ones, loaded from files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import pem, x509
from cryptography import x509 as lists

from erp.base import audit
from erp.base.uow import UnitOfWork
from erp.reference.signatures import centres, containers, queries
from erp.reference.signatures.errors import CertificateUnknown, ContainerMalformed, ListNotSigned, TrustFileMalformed
from erp.reference.signatures.model import RevocationList, Trusted

ENDINGS = (".crt", ".cer", ".pem", ".der", ".crl")


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading files: names of what is new."""

    certificates: tuple[str, ...]
    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewestList:
    name: str
    is_delta: bool
    this_update: datetime
    next_update: datetime | None


def load(uow: UnitOfWork, files: Sequence[File]) -> Loaded:
    """Take in certificates, self-signed ones as roots, then the lists that they signed.

    What is there already stays as it is: a centre whose trust was withdrawn is not trusted because its file still lies
    in the folder.

    Raises: TrustFileMalformed, ListNotSigned.
    """
    certificates, made = [], []
    for file in files:
        for content in _parts(file):
            try:
                certificates.append(_certificate(content))
            except ContainerMalformed:
                made.append((file.name, content))
    new = [
        told.name
        for each in certificates
        for told in [containers.described(each)]
        if queries.insert_trusted(uow.connection, uow.scope, told, is_root=each.self_signed in ("yes", "maybe"))
    ]
    known = [x509.Certificate.load(each.der) for each in queries.trusted(uow.connection, uow.scope)]
    new_lists = [
        read.name
        for name, content in made
        for read in [_list(name, content, known)]
        if queries.insert_list(uow.connection, uow.scope, read)
    ]
    if new or new_lists:
        audit.record(uow.connection, uow.scope, "trust-loaded", "trust:", certificates=new, lists=new_lists)
    return Loaded(tuple(new), tuple(new_lists))


def trusted(uow: UnitOfWork) -> list[Trusted]:
    """Centres that are or were trusted, roots first."""
    return queries.trusted(uow.connection, uow.scope)


def newest_lists(uow: UnitOfWork) -> list[NewestList]:
    return [NewestList(*each) for each in queries.newest_lists(uow.connection, uow.scope)]


def withdraw(uow: UnitOfWork, digest: bytes, reason: str) -> str:
    """From now on nothing is signed under a centre; returns its name.  Raises: CertificateUnknown."""
    return _set(uow, digest, "trust-withdrawn", reason, trusted=False)


def restore(uow: UnitOfWork, digest: bytes, reason: str) -> str:
    """Take a withdrawal back, as if it had not been; the trail tells of both.  Raises: CertificateUnknown."""
    return _set(uow, digest, "trust-restored", reason, trusted=True)


def _set(uow: UnitOfWork, digest: bytes, action: str, reason: str, *, trusted: bool) -> str:
    name = queries.set_trust(uow.connection, uow.scope, digest, trusted=trusted)
    if name is None:
        raise CertificateUnknown()
    audit.record(uow.connection, uow.scope, action, "trust:", name=name, reason=reason)
    return name


def _parts(file: File) -> list[bytes]:
    """What a file holds, without armour.  Raises: TrustFileMalformed."""
    try:
        if not pem.detect(file.content):
            return [file.content]
        return [content for _, _, content in pem.unarmor(file.content, multiple=True)]
    except ValueError:
        raise TrustFileMalformed(name=file.name) from None


def _certificate(content: bytes) -> x509.Certificate:
    """Raises: ContainerMalformed, where it is none."""
    with containers.reading():
        read = x509.Certificate.load(content, strict=True)
        containers.described(read)
        return read


def _list(name: str, content: bytes, known: Sequence[x509.Certificate]) -> RevocationList:
    """Raises: TrustFileMalformed, ListNotSigned."""
    try:
        with containers.reading():
            read = lists.load_der_x509_crl(content)
            is_delta = centres.is_delta(read)
    except ContainerMalformed:
        raise TrustFileMalformed(name=name) from None
    issuer = read.issuer.public_bytes()
    for each in known:
        if each.subject.dump() == issuer and centres.verified_list(content, each.public_key.dump()) is not None:
            centre = containers.printable(containers.name_of(each.subject))
            return RevocationList(issuer, content, centre, is_delta, read.last_update_utc, read.next_update_utc)
    raise ListNotSigned(name=name)
