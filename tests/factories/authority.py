"""A certification centre of the tests: a root, a centre under it, people with certificates, lists of revoked ones, and
the containers that people sign.

Certificates say whom they are of as the national centre's do: ``serialNumber=IIN…``, ``OU=BIN…``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import new as digest_by

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import system_scope
from erp.reference.signatures import trust as service

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

NOW = datetime.now(UTC).replace(microsecond=0)
YEAR = timedelta(days=365)
SINCE, UNTIL = NOW - timedelta(days=30), NOW + YEAR
GOST_SIGNATURE, GOST_DIGEST = "1.2.398.3.10.1.1.1.2", "1.2.398.3.10.1.3.1.1"


@cache
def a_key(kind: str, number: int = 0) -> Key:
    """A key, the same for the same number: making one of RSA takes long."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=1024 if kind == "rsa-1024" else 2048)


def _usage(*named: str) -> x509.KeyUsage:
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: name in named for name in every})


def _name(common: str, iin: str | None = None, bin_: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common), x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ")]
    if iin:
        parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, f"IIN{iin}"))
    if bin_:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"BIN{bin_}"))
    return x509.Name(parts)


@dataclass
class Holder:
    """Who has a key and a certificate."""

    certificate: x509.Certificate
    key: Key
    above: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def raw_signature(self, data: bytes, scheme: str, digest: str) -> bytes:
        hashed = getattr(hashes, digest.upper())()
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(hashed))
        if scheme == "pss":
            return self.key.sign(data, padding.PSS(padding.MGF1(hashed), 32), hashed)
        return self.key.sign(data, padding.PKCS1v15(), hashed)

    def sign(
        self,
        content: bytes,
        *,
        scheme: str = "rsa",
        digest: str = "sha256",
        detached: bool = True,
        with_attributes: bool = True,
        with_certificate: bool = True,
        claimed_at: datetime = NOW,
        content_type: str = "data",
        stamped_by: "Holder | None" = None,
        stamped_at: datetime = NOW,
    ) -> bytes:
        """A container over the content, as NCALayer's would be."""
        own = asn1.Certificate.load(self.der)
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": [content_type]},
                {"type": "message_digest", "values": [digest_by(digest, content).digest()]},
                {"type": "signing_time", "values": [cms.Time({"utc_time": claimed_at})]},
            ]
        )
        data = attributes.dump() if with_attributes else content
        signature = self.raw_signature(data, scheme, digest)
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}}
                ),
                "digest_algorithm": {"algorithm": digest},
                "signature_algorithm": self._algorithm(scheme, digest),
                "signature": signature,
            }
        )
        if with_attributes:
            signer["signed_attrs"] = attributes
        if stamped_by is not None:
            token = cms.ContentInfo.load(stamped_by.stamp(signature, stamped_at))
            signer["unsigned_attrs"] = [{"type": "signature_time_stamp_token", "values": [token]}]
        certificates = [own] if with_certificate else []
        certificates += [asn1.Certificate.load(each.public_bytes(Encoding.DER)) for each in self.above]
        encapsulated: dict[str, object] = {"content_type": content_type}
        if not detached:
            stated = tsp.TSTInfo.load(content) if content_type == "tst_info" else content
            encapsulated["content"] = stated
        signed = cms.SignedData(
            {
                "version": "v1" if detached else "v3",
                "digest_algorithms": [{"algorithm": digest}],
                "encap_content_info": encapsulated,
                "certificates": certificates,
                "signer_infos": [signer],
            }
        )
        container: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
        return container

    def _algorithm(self, scheme: str, digest: str) -> algos.SignedDigestAlgorithm:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return algos.SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"})
        if scheme != "pss":
            return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15", "parameters": core.Null()})
        by_mask = {"algorithm": "mgf1", "parameters": {"algorithm": digest}}
        parameters = {"hash_algorithm": {"algorithm": digest}, "mask_gen_algorithm": by_mask, "salt_length": 32}
        return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})

    def stamp(self, signature: bytes, at: datetime) -> bytes:
        """A time stamp token of a signature (RFC 3161)."""
        stated = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4",
                "message_imprint": {
                    "hash_algorithm": {"algorithm": "sha256"},
                    "hashed_message": digest_by("sha256", signature).digest(),
                },
                "serial_number": 1,
                "gen_time": at,
            }
        )
        return self.sign(stated.dump(), detached=False, content_type="tst_info")


@dataclass
class Authority:
    """A root, a centre under it, and whom the centre knows."""

    root: Holder
    centre: Holder
    revoked: list[tuple[x509.Certificate, datetime]] = field(default_factory=list)

    @classmethod
    def new(cls, name: str = "ТЕСТ ҰКО", kind: str = "ec", number: int = 0) -> "Authority":
        root = _issued(_name(f"{name} ROOT"), a_key(kind, 1000 + number), None, ca=True, until=NOW + 20 * YEAR)
        centre = _issued(_name(f"{name} CA"), a_key(kind, 2000 + number), root, ca=True, until=NOW + 10 * YEAR)
        return cls(root, centre)

    def person(
        self,
        name: str = "СЕРІКОВА АЙГҮЛ",
        iin: str | None = "850719300018",
        *,
        bin_: str | None = None,
        kind: str = "ec",
        number: int = 1,
        since: datetime = SINCE,
        until: datetime = UNTIL,
        usage: Sequence[str] = ("digital_signature", "content_commitment"),
        ca: bool = False,
        extended: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
    ) -> Holder:
        key = a_key(kind, number)
        return _issued(
            _name(name, iin, bin_), key, self.centre, since=since, until=until, usage=usage, ca=ca, extended=extended
        )

    def stamper(self, number: int = 77) -> Holder:
        return self.person("TSA", None, number=number, extended=(ExtendedKeyUsageOID.TIME_STAMPING,))

    def revoke(self, holder: Holder, at: datetime = NOW) -> None:
        self.revoked.append((holder.certificate, at))

    def revocation_list(
        self,
        *,
        by: Holder | None = None,
        made: datetime | None = None,
        due: datetime | None = None,
        delta: bool = False,
    ) -> bytes:
        """The centre's list as it stands (DER)."""
        by, made = by or self.centre, made or NOW - timedelta(minutes=5)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(by.certificate.subject)
            .last_update(made)
            .next_update(due or made + timedelta(days=7))
        )
        for certificate, at in self.revoked if by is self.centre else ():
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(at)
            builder = builder.add_revoked_certificate(entry.build())
        if delta:
            builder = builder.add_extension(x509.DeltaCRLIndicator(1), critical=True)
        return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)

    @property
    def files(self) -> dict[str, bytes]:
        """What an administrator loads: certificates, and lists of root and centre."""
        return {
            "root.crt": self.root.certificate.public_bytes(Encoding.PEM),
            "centre.cer": self.centre.der,
            "root.crl": self.revocation_list(by=self.root),
            "centre.crl": self.revocation_list(),
        }


def _issued(
    subject: x509.Name,
    key: Key,
    by: Holder | None,
    *,
    ca: bool = False,
    since: datetime = NOW - YEAR,
    until: datetime = UNTIL,
    usage: Sequence[str] = (),
    extended: Sequence[x509.ObjectIdentifier] = (),
) -> Holder:
    issuer_key = by.key if by else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(_usage(*(("key_cert_sign", "crl_sign") if ca else usage)), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    above = (by.certificate, *by.above) if by else ()
    return Holder(builder.sign(issuer_key, hashes.SHA256()), key, tuple(each for each in above if _is_between(each)))


def _is_between(certificate: x509.Certificate) -> bool:
    return certificate.subject != certificate.issuer


def trust(url: str, *authorities: Authority) -> None:
    """Load what the authorities publish into a database, as ``qazyna trust load`` does."""
    owner = make_engine(url, role=None, pool=1)
    files = [service.File(name, content) for each in authorities for name, content in each.files.items()]
    uow.run(owner, system_scope(), lambda u: service.load(u, files))
    owner.dispose()


def national(container: bytes) -> bytes:
    """The container as if its signature were by Kazakhstan's own algorithm, which the libraries do not know."""
    read = cms.ContentInfo.load(container)
    signer = read["content"]["signer_infos"][0]
    signer["digest_algorithm"] = {"algorithm": GOST_DIGEST}
    signer["signature_algorithm"] = {"algorithm": GOST_SIGNATURE}
    made: bytes = read.dump(force=True)
    return made
