"""Containers: CMS SignedData as RFC 5652 has it, and the signature inside.

What is not understood is refused by name; whatever else a damaged container makes the parser stumble over is one
refusal, ``ContainerMalformed``.
"""

import hmac
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import new as digest_by
from typing import Any

from asn1crypto import algos, cms, core, pem, tsp, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import DuplicateExtension, InvalidVersion, UnsupportedGeneralNameType

from erp.reference.signatures.errors import (
    AlgorithmNotVerifiable,
    AlgorithmWeak,
    CertificateMissing,
    ContainerMalformed,
    ContainerNotDetached,
    ContentDiffers,
    SignatureWrong,
    SignedAttributesMissing,
    SignersNotOne,
)
from erp.reference.signatures.model import Certificate

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_SCHEMES = {
    "rsassa_pkcs1v15": ("rsa", None),
    "rsassa_pss": ("pss", None),
    "ecdsa": ("ecdsa", None),
    **{f"{name}_rsa": ("rsa", name) for name in _HASHES},
    **{f"{name}_ecdsa": ("ecdsa", name) for name in _HASHES},
}
"""How a signature is made, and over which digest where its name says so."""
_WEAK = {"md2", "md5", "sha1", "md2_rsa", "md5_rsa", "sha1_rsa", "sha1_ecdsa", "dsa", "sha1_dsa"}
_SHORTEST_RSA = 2048  # bits
_NATIONAL = "1.2.398.3.10.1."
"""Object identifiers of Kazakhstan's own algorithms (ГОСТ 34.310, ГОСТ 34.311); not verified in an act."""
_STUMBLES = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
    UnsupportedAlgorithm,
    DuplicateExtension,
    InvalidVersion,
    UnsupportedGeneralNameType,
)
"""What the parsers raise where bytes are not what they should be: a part is read when it is asked for."""
_NUMBERED = re.compile(r"(IIN|BIN)(\d{12})")
_NUMBER_PLACES = ("serial_number", "organizational_unit_name")


@dataclass(frozen=True)
class Container:
    """One signer's SignedData; ``encapsulated`` is the content it holds itself, of ``content_type``."""

    signer: cms.SignerInfo
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    content_type: str
    encapsulated: bytes | None


@contextmanager
def reading() -> Iterator[None]:
    """Raises: ContainerMalformed, for whatever a parser stumbles over."""
    try:
        yield
    except _STUMBLES as stumbled:
        raise ContainerMalformed() from stumbled


def unarmoured(container: bytes) -> bytes:
    """A container without its PEM armour.  Raises: ContainerMalformed."""
    with reading():
        return pem.unarmor(container)[2] if pem.detect(container) else container


def container_in(file: bytes) -> bytes | None:
    """The SignedData that a file is, whatever it holds; ``None`` where it is none."""
    try:
        container = unarmoured(file)
        with reading():
            is_signed = cms.ContentInfo.load(container, strict=True)["content_type"].native == "signed_data"
    except ContainerMalformed:
        return None
    return container if is_signed else None


def read(container: bytes) -> Container:
    """Raises: ContainerMalformed, SignersNotOne, CertificateMissing, AlgorithmNotVerifiable, AlgorithmWeak."""
    with reading():
        outer = cms.ContentInfo.load(container, strict=True)
        if outer["content_type"].native != "signed_data":
            raise ContainerMalformed()
        signed = outer["content"]
        if len(signed["signer_infos"]) != 1:
            raise SignersNotOne(found=len(signed["signer_infos"]))
        signer = signed["signer_infos"][0]
        held = () if isinstance(signed["certificates"], core.Void) else signed["certificates"]
        certificates = [each.chosen for each in held if each.name == "certificate"]
        own = next((each for each in certificates if _is_of(signer["sid"], each)), None)
        if own is None:
            raise CertificateMissing()
        content = signed["encap_content_info"]["content"]
        return Container(
            signer,
            own,
            tuple(each for each in certificates if each is not own),
            str(signed["encap_content_info"]["content_type"].native),
            None if isinstance(content, core.Void) else bytes(content),
        )


def _is_of(identifier: cms.SignerIdentifier, certificate: x509.Certificate) -> bool:
    chosen = identifier.chosen
    if identifier.name == "issuer_and_serial_number":
        return bool(
            chosen["issuer"].dump() == certificate.issuer.dump()
            and chosen["serial_number"].native == certificate.serial_number
        )
    return bool(chosen.native == certificate.key_identifier)


def verify_detached(container: Container, content: bytes) -> None:
    """That the container is a signature of the content.

    Raises: ContainerNotDetached, and as ``verify``.
    """
    if container.encapsulated is not None:
        raise ContainerNotDetached()
    verify(container, content, "data")


def verify(container: Container, content: bytes, content_type: str) -> None:
    """That the signer's key signed attributes which name the digest of the content.

    Raises: AlgorithmNotVerifiable, AlgorithmWeak, SignedAttributesMissing, ContentDiffers, SignatureWrong,
    ContainerMalformed.

    Source: RFC 5652, section 5.4 and 5.6.
    """
    with reading():
        signer = container.signer
        named = signer["digest_algorithm"]["algorithm"]
        require_known(signer["signature_algorithm"]["algorithm"], _SCHEMES)
        require_known(named, _HASHES)
        attributes = signer["signed_attrs"]
        if isinstance(attributes, core.Void):
            raise SignedAttributesMissing()
        said = [str(each) for each in _values(attributes, "content_type")]
        digests = [bytes(each) for each in _values(attributes, "message_digest")]
        if len(said) != 1 or len(digests) != 1:
            raise SignedAttributesMissing()
        if said != [content_type] or container.content_type != content_type:
            raise ContainerMalformed()
        if not hmac.compare_digest(digests[0], digest_by(named.native, content).digest()):
            raise ContentDiffers()
        signature, data = bytes(signer["signature"]), attributes.untag().dump()
        _verify(container.certificate, signer["signature_algorithm"], named.native, signature, data)


def require_known(algorithm: core.ObjectIdentifier, known: Mapping[str, object]) -> None:
    """Raises: AlgorithmNotVerifiable, AlgorithmWeak."""
    name = str(algorithm.native)
    if name in _WEAK:
        raise AlgorithmWeak(algorithm=name)
    if name not in known:
        raise AlgorithmNotVerifiable(algorithm=_named(algorithm))


def _named(algorithm: core.ObjectIdentifier) -> str:
    """As people name it; a national one by its standard."""
    dotted = str(algorithm.dotted)
    if dotted.startswith(_NATIONAL):
        return f"GOST 34.310/34.311 ({dotted})"
    return str(algorithm.native) if algorithm.native == dotted else f"{algorithm.native} ({dotted})"


def _verify(
    certificate: x509.Certificate,
    algorithm: algos.SignedDigestAlgorithm,
    digest: str,
    signature: bytes,
    data: bytes,
) -> None:
    scheme, own_digest = _SCHEMES[str(algorithm["algorithm"].native)]
    hashed = _HASHES[own_digest or digest]
    key = public_key(certificate)
    try:
        if scheme == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashed))
        elif scheme == "rsa" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashed)
        elif scheme == "pss" and isinstance(key, rsa.RSAPublicKey):
            padded, hashed = _pss(algorithm["parameters"])
            key.verify(signature, data, padded, hashed)
        else:
            raise SignatureWrong()
    except InvalidSignature:
        raise SignatureWrong() from None


def _pss(parameters: algos.RSASSAPSSParams) -> tuple[padding.PSS, hashes.HashAlgorithm]:
    hashed, mask = parameters["hash_algorithm"]["algorithm"], parameters["mask_gen_algorithm"]
    require_known(hashed, _HASHES)
    require_known(mask["algorithm"], {"mgf1": None})
    require_known(mask["parameters"]["algorithm"], _HASHES)
    by_mask = padding.MGF1(_HASHES[mask["parameters"]["algorithm"].native])
    return padding.PSS(by_mask, int(parameters["salt_length"].native)), _HASHES[hashed.native]


def public_key(certificate: x509.Certificate) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    """Raises: AlgorithmNotVerifiable, AlgorithmWeak."""
    described = certificate["tbs_certificate"]["subject_public_key_info"]
    named = described["algorithm"]["algorithm"]
    require_known(named, {"rsa": None, "rsassa_pss": None, "ec": None})
    try:
        key = load_der_public_key(described.dump())
    except UnsupportedAlgorithm:
        raise AlgorithmNotVerifiable(algorithm=_named(named)) from None
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _SHORTEST_RSA:
            raise AlgorithmWeak(algorithm=f"RSA-{key.key_size}")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key
    raise AlgorithmNotVerifiable(algorithm=_named(named))


def _values(attributes: cms.CMSAttributes, name: str) -> list[Any]:
    return [value.native for each in attributes if each["type"].native == name for value in each["values"]]


def claimed_at(container: Container) -> datetime | None:
    """Time of signing by the clock of the signer's device.  Raises: ContainerMalformed."""
    with reading():
        attributes = container.signer["signed_attrs"]
        found = [] if isinstance(attributes, core.Void) else _values(attributes, "signing_time")
        return found[0] if found and isinstance(found[0], datetime) else None


def described(certificate: x509.Certificate) -> Certificate:
    """What a certificate says of whom; the IIN and the BIN as the national centre writes them (not verified in an act).

    Raises: ContainerMalformed.
    """
    with reading():
        parts = [(part["type"].native, str(part["value"].native)) for rdn in certificate.subject.chosen for part in rdn]
        numbered = (_NUMBERED.fullmatch(value) for name, value in parts if name in _NUMBER_PLACES)
        numbers = {match[1]: match[2] for match in numbered if match}
        return Certificate(
            certificate.dump(),
            f"{certificate.serial_number:x}",
            printable(name_of(certificate.subject)),
            numbers.get("IIN"),
            numbers.get("BIN"),
            printable(name_of(certificate.issuer)),
            certificate["tbs_certificate"]["validity"]["not_before"].native,
            certificate["tbs_certificate"]["validity"]["not_after"].native,
        )


def name_of(name: x509.Name) -> str:
    parts = name.native
    common = parts.get("common_name") or name.human_friendly
    return " ".join(common) if isinstance(common, list) else str(common)


def printable(text: str) -> str:
    """A name from outside as it may be kept and shown."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:300] or "—"


# ------------------------------------------------------------------------------------------------ time stamps


@dataclass(frozen=True)
class Stamp:
    """A time stamp that fits the signature; who made it is still to be asked."""

    at: datetime
    authority: x509.Certificate
    others: tuple[x509.Certificate, ...]


def has_stamp(container: Container) -> bool:
    """Raises: ContainerMalformed."""
    with reading():
        return bool(_tokens(container))


def stamp_of(container: Container) -> Stamp:
    """The time stamp token inside, if it is one of this very signature.

    Raises: ContainerMalformed, ContentDiffers, and as ``verify``.

    Source: RFC 3161, section 2.4.2; RFC 5652.
    """
    with reading():
        token = read(_tokens(container)[0])
        if token.encapsulated is None:
            raise ContainerMalformed()
        verify(token, token.encapsulated, "tst_info")
        stated = tsp.TSTInfo.load(token.encapsulated, strict=True)
        imprint = stated["message_imprint"]
        named = imprint["hash_algorithm"]["algorithm"]
        require_known(named, _HASHES)
        digest = digest_by(named.native, bytes(container.signer["signature"])).digest()
        if not hmac.compare_digest(digest, bytes(imprint["hashed_message"])):
            raise ContentDiffers()
        usage = token.certificate.extended_key_usage_value
        if usage is None or "time_stamping" not in usage.native:
            raise ContainerMalformed()
        return Stamp(stated["gen_time"].native, token.certificate, token.others)


def _tokens(container: Container) -> list[bytes]:
    attributes = container.signer["unsigned_attrs"]
    if isinstance(attributes, core.Void):
        return []
    return [
        value.dump()
        for each in attributes
        if each["type"].native == "signature_time_stamp_token"
        for value in each["values"]
    ]
