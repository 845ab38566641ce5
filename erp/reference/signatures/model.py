"""The nouns of signing: what is signed, with what, by whose certificate, and how that holds."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from erp.base.errors import DomainError


class Method(StrEnum):
    CONSENT = "consent"
    """Said here, by a person who is signed in, and recorded."""
    CMS = "cms"
    """An electronic digital signature: CMS SignedData (RFC 5652), detached."""


@dataclass(frozen=True, slots=True)
class Consent:
    """The person says yes; for steps that need no electronic digital signature."""


@dataclass(frozen=True, slots=True)
class Cms:
    """What came back from whoever holds the key: a container, in DER, BER or PEM."""

    container: bytes


Evidence = Consent | Cms


@dataclass(frozen=True, slots=True)
class Document:
    """What a check tells strangers of a document; the amount and the text are none of their business."""

    kind: str
    """A slug: ``entry``, ``correction``, ``policy``."""
    number: str
    on: date | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a signer's certificate (регистрационное свидетельство) says."""

    der: bytes = field(repr=False)
    serial: str
    """Hexadecimal."""
    name: str
    iin: str | None
    bin: str | None
    issuer: str
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Registered:
    """A certificate that a person signs with here."""

    sha256: bytes
    serial: str
    name: str
    iin: str | None
    bin: str | None
    issuer: str
    valid_from: datetime
    valid_until: datetime
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was taken; ``certificate`` is ``None`` for a consent."""

    organisation_id: int
    id: int
    subject: str
    purpose: str
    signer_id: int
    signer: str
    on_behalf_of_id: int | None
    on_behalf_of: str
    roles: tuple[str, ...]
    """Roles that the signer held there that day (``access.model.Role``)."""
    method: Method
    signed_at: datetime
    claimed_at: datetime | None
    """What the signer's own clock said."""
    check_code: str
    content_sha256: bytes
    container_sha256: bytes | None
    certificate: Certificate | None
    known_by: str | None
    """How the certificate is the signer's: ``registered`` by them, or of their ``iin``."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A signature with its bytes, as they are verified again."""

    signature: Signature
    content: bytes = field(repr=False)
    container: bytes | None = field(repr=False)
    chain: tuple[bytes, ...] = field(repr=False)


class Outcome(StrEnum):
    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"
    """Could not be verified: no list at hand, no stamp that can be read."""


class Aspect(StrEnum):
    """What is looked at, in the order in which it is told."""

    BYTES = "bytes"
    """The document and the container are those that were taken."""
    SIGNATURE = "signature"
    """The signature fits the document and the certificate's key."""
    CHAIN = "chain"
    """The certificate comes from a centre that is trusted."""
    VALIDITY = "validity"
    USAGE = "usage"
    REVOCATION = "revocation"
    SIGNER = "signer"
    """The certificate is the signer's."""
    TIME_STAMP = "time-stamp"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``reason`` says why it does not hold, or what could not be found out."""

    aspect: Aspect
    outcome: Outcome
    reason: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a signature holds: as of when it was taken, and as of now.

    A certificate that has run out or was revoked since does not undo what was signed before.
    """

    signed_at: datetime
    checked_at: datetime
    then: tuple[Check, ...]
    now: tuple[Check, ...]
    stamped_at: datetime | None = None
    """Time of a time stamp (RFC 3161) inside the container, where it verifies."""

    @property
    def is_valid(self) -> bool:
        """As of when it was taken."""
        return _hold(self.then)

    @property
    def is_valid_now(self) -> bool:
        """Whether the same would be taken now."""
        return _hold(self.now)

    @property
    def is_doubtful(self) -> bool:
        """Whether something could not be verified."""
        return any(check.outcome is Outcome.UNKNOWN for check in self.then)


_MAY_BE_UNKNOWN = {Aspect.REVOCATION, Aspect.TIME_STAMP}


def _hold(checks: tuple[Check, ...]) -> bool:
    return bool(checks) and all(
        check.outcome is Outcome.HOLDS or (check.outcome is Outcome.UNKNOWN and check.aspect in _MAY_BE_UNKNOWN)
        for check in checks
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check by code tells: nothing that is not for everybody."""

    signature: Signature
    document: Document | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Examined:
    """A container that was looked at by itself."""

    checks: tuple[Check, ...]
    certificate: Certificate | None
    chain: tuple[bytes, ...] = field(repr=False)
    claimed_at: datetime | None = None
    stamped_at: datetime | None = None

    @property
    def is_valid(self) -> bool:
        return _hold(self.checks)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list (CRL) as it is kept."""

    issuer: bytes = field(repr=False)
    """The centre's name, DER."""
    content: bytes = field(repr=False)
    name: str
    is_delta: bool
    this_update: datetime
    next_update: datetime | None


@dataclass(frozen=True, slots=True)
class Trusted:
    """A centre's certificate, trusted by itself or leading to one that is."""

    sha256: bytes
    der: bytes = field(repr=False)
    is_root: bool
    name: str
    serial: str
    valid_from: datetime
    valid_until: datetime
    trusted_from: datetime
    withdrawn_at: datetime | None
