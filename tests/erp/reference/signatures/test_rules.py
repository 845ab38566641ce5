"""A signature holds only for the very bytes, the very key, a trusted centre, and the days of its certificate."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from erp.base.errors import DomainError
from erp.reference.signatures import containers, rules
from erp.reference.signatures.errors import (
    AlgorithmNotVerifiable,
    AlgorithmWeak,
    BytesDiffer,
    CentreNotTrusted,
    CertificateMissing,
    CertificateNotInForce,
    CertificateNotRegistered,
    CertificateOfAnother,
    CertificateRevoked,
    ContainerMalformed,
    ContainerNotDetached,
    ContentDiffers,
    ContentTooLarge,
    RevocationUnknown,
    SignatureWrong,
    SignedAttributesMissing,
    SignersNotOne,
    StampNotVerified,
    TrustEmpty,
    UsageWrong,
)
from erp.reference.signatures.model import (
    Aspect,
    Check,
    Document,
    Examined,
    Kept,
    Method,
    Outcome,
    RevocationList,
    Signature,
    Trusted,
    Verdict,
)
from tests.factories.authority import NOW, SINCE, UNTIL, YEAR, Authority, Holder, national

CONTENT = rules.canonical("prepared:12/7", "second-signature", Document("entry", "15", date(2026, 3, 16)), revision=2)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.new()


def trusted(authority: Authority, since: datetime = NOW - 2 * YEAR) -> list[Trusted]:
    def of(holder: Holder, *, is_root: bool) -> Trusted:
        return Trusted(sha256(holder.der).digest(), holder.der, is_root, "", "", NOW, NOW, since, None)

    return [of(authority.root, is_root=True), of(authority.centre, is_root=False)]


def as_kept(content: bytes) -> RevocationList:
    read = x509.load_der_x509_crl(content)
    delta = any(isinstance(each.value, x509.DeltaCRLIndicator) for each in read.extensions)
    issuer = read.issuer.public_bytes()
    return RevocationList(issuer, content, "", delta, read.last_update_utc, read.next_update_utc)


def examined(
    authority: Authority,
    container: bytes,
    *,
    content: bytes = CONTENT,
    at: datetime = NOW,
    lists: Sequence[bytes] | None = None,
    by: Sequence[Trusted] | None = None,
) -> Examined:
    if lists is None:
        lists = [authority.revocation_list(by=authority.root), authority.revocation_list()]
    kept = [as_kept(each) for each in lists]
    return rules.examine(content, container, trusted(authority) if by is None else by, lambda *_: kept, at)


def reason(found: Examined | Verdict, aspect: Aspect) -> DomainError | None:
    checks = found.checks if isinstance(found, Examined) else found.then
    return next(check.reason for check in checks if check.aspect is aspect)


@pytest.mark.parametrize(
    ("kind", "scheme", "digest"),
    [("ec", "", "sha256"), ("ec", "", "sha384"), ("rsa", "rsa", "sha256"), ("rsa", "rsa", "sha512"),
     ("rsa", "pss", "sha256")],
)  # fmt: skip
def test_a_right_signature_holds_in_every_respect(authority: Authority, kind: str, scheme: str, digest: str) -> None:
    signed = authority.person(kind=kind).sign(CONTENT, scheme=scheme, digest=digest)
    found = examined(authority, signed)
    assert [(check.aspect, check.outcome) for check in found.checks] == [
        (aspect, Outcome.HOLDS)
        for aspect in (Aspect.SIGNATURE, Aspect.CHAIN, Aspect.VALIDITY, Aspect.USAGE, Aspect.REVOCATION)
    ]
    assert found.is_valid
    assert found.claimed_at == NOW
    rules.require_good(found)


def test_the_certificate_says_whose_it_is(authority: Authority) -> None:
    holder = authority.person("АХМЕТОВ ЕРЛАН", "800101300017", bin_="120540000021")
    told = examined(authority, holder.sign(CONTENT)).certificate
    assert told is not None
    assert (told.name, told.iin, told.bin, told.issuer) == (
        "АХМЕТОВ ЕРЛАН", "800101300017", "120540000021", "ТЕСТ ҰКО CA",
    )  # fmt: skip
    assert (told.valid_from, told.valid_until) == (SINCE, UNTIL)
    assert told.serial == f"{holder.certificate.serial_number:x}"


def test_armour_is_taken_off(authority: Authority) -> None:
    from asn1crypto import pem

    signed = authority.person().sign(CONTENT)
    assert containers.unarmoured(pem.armor("CMS", signed)) == signed
    assert containers.unarmoured(signed) == signed


# ------------------------------------------------------------------------------------------------ what is refused


def test_a_signature_of_another_document_is_refused(authority: Authority) -> None:
    found = examined(authority, authority.person().sign(CONTENT), content=CONTENT + b" ")
    assert isinstance(reason(found, Aspect.SIGNATURE), ContentDiffers)
    with pytest.raises(ContentDiffers):
        rules.require_good(found)


def test_a_signature_by_another_key_is_refused(authority: Authority) -> None:
    holder = authority.person()
    thief = replace(holder, key=authority.person(number=9).key)
    assert isinstance(reason(examined(authority, thief.sign(CONTENT)), Aspect.SIGNATURE), SignatureWrong)


def test_a_national_algorithm_is_named_and_never_called_valid(authority: Authority) -> None:
    found = examined(authority, national(authority.person().sign(CONTENT)))
    why = reason(found, Aspect.SIGNATURE)
    assert isinstance(why, AlgorithmNotVerifiable)
    assert "GOST 34.310" in str(why)
    assert "RSA or ECDSA" in str(why)
    assert not found.is_valid
    assert found.checks[0].outcome is Outcome.UNKNOWN
    with pytest.raises(AlgorithmNotVerifiable):
        rules.require_good(found)


def test_a_weak_algorithm_is_refused(authority: Authority) -> None:
    weak = examined(authority, authority.person(kind="rsa").sign(CONTENT, digest="sha1"))
    assert isinstance(reason(weak, Aspect.SIGNATURE), AlgorithmWeak)
    short = examined(authority, authority.person(kind="rsa-1024").sign(CONTENT))
    assert isinstance(reason(short, Aspect.SIGNATURE), AlgorithmWeak)


@pytest.mark.parametrize(
    ("made", "refusal"),
    [
        ({"detached": False}, ContainerNotDetached),
        ({"with_attributes": False}, SignedAttributesMissing),
        ({"with_certificate": False}, CertificateMissing),
    ],
)
def test_a_container_of_another_form_is_refused(
    authority: Authority, made: dict[str, bool], refusal: type[DomainError]
) -> None:
    found = examined(authority, authority.person().sign(CONTENT, **made))  # type: ignore[arg-type]
    assert isinstance(reason(found, Aspect.SIGNATURE), refusal)


def test_several_signers_in_one_container_are_refused(authority: Authority) -> None:
    read = cms.ContentInfo.load(authority.person().sign(CONTENT))
    signers = read["content"]["signer_infos"]
    signers.append(cms.SignerInfo.load(signers[0].dump()))
    found = examined(authority, read.dump(force=True))
    assert isinstance(reason(found, Aspect.SIGNATURE), SignersNotOne)


@given(st.binary(max_size=400))
def test_whatever_is_no_container_is_refused_as_such(junk: bytes) -> None:
    with pytest.raises(ContainerMalformed):
        containers.read(junk)


def test_a_centre_that_is_not_trusted_is_refused(authority: Authority) -> None:
    other = Authority.new("БӨТЕН ҰКО", number=5)
    found = examined(authority, other.person().sign(CONTENT))
    assert isinstance(reason(found, Aspect.CHAIN), CentreNotTrusted)
    assert "БӨТЕН ҰКО CA" in str(reason(found, Aspect.CHAIN))
    assert isinstance(reason(examined(authority, other.person().sign(CONTENT), by=[]), Aspect.CHAIN), TrustEmpty)


def test_trust_that_was_withdrawn_counts_no_more(authority: Authority) -> None:
    signed = authority.person().sign(CONTENT)
    withdrawn = [replace(each, withdrawn_at=NOW - timedelta(hours=1)) for each in trusted(authority)]
    assert isinstance(reason(examined(authority, signed, by=withdrawn), Aspect.CHAIN), TrustEmpty)
    assert examined(authority, signed, by=withdrawn, at=NOW - timedelta(hours=2)).is_valid


def test_an_impostor_s_certificate_made_by_a_person_is_refused(authority: Authority) -> None:
    """A person is no centre: what their key signs leads nowhere."""
    person = authority.person(number=31)
    impostor = Authority(authority.root, replace(person, above=(person.certificate, *person.above)))
    assert isinstance(
        reason(examined(authority, impostor.person(number=32).sign(CONTENT)), Aspect.CHAIN), CentreNotTrusted
    )


@pytest.mark.parametrize(("since", "until"), [(NOW - YEAR, NOW - timedelta(days=1)), (NOW + timedelta(days=1), UNTIL)])
def test_a_certificate_out_of_its_days_is_refused(authority: Authority, since: datetime, until: datetime) -> None:
    found = examined(authority, authority.person(since=since, until=until).sign(CONTENT))
    assert isinstance(reason(found, Aspect.VALIDITY), CertificateNotInForce)
    assert [check.aspect for check in found.checks if check.outcome is not Outcome.HOLDS] == [Aspect.VALIDITY]


@pytest.mark.parametrize("usage", [("key_encipherment",), ("key_agreement",)])
def test_a_key_for_something_else_is_refused(authority: Authority, usage: tuple[str, ...]) -> None:
    found = examined(authority, authority.person(usage=usage).sign(CONTENT))
    assert isinstance(reason(found, Aspect.USAGE), UsageWrong)


def test_a_revoked_certificate_is_refused_from_that_instant_on(authority: Authority) -> None:
    own = Authority(authority.root, authority.centre)
    holder = own.person(number=41)
    own.revoke(holder, NOW - timedelta(hours=2))
    signed = holder.sign(CONTENT)
    assert isinstance(reason(examined(own, signed), Aspect.REVOCATION), CertificateRevoked)
    assert examined(own, signed, at=NOW - timedelta(hours=3)).is_valid


def test_a_delta_list_revokes_too_but_does_not_clear(authority: Authority) -> None:
    own = Authority(authority.root, authority.centre)
    holder = own.person(number=42)
    full, of_root = own.revocation_list(), own.revocation_list(by=own.root)
    own.revoke(holder, NOW - timedelta(hours=2))
    delta = own.revocation_list(delta=True)
    signed = holder.sign(CONTENT)
    assert isinstance(
        reason(examined(own, signed, lists=[full, of_root, delta]), Aspect.REVOCATION), CertificateRevoked
    )
    assert isinstance(
        reason(examined(own, own.person(number=43).sign(CONTENT), lists=[of_root, delta]), Aspect.REVOCATION),
        RevocationUnknown,
    )


def test_without_a_current_list_the_revocation_is_not_verified_and_that_is_told(authority: Authority) -> None:
    signed = authority.person().sign(CONTENT)
    old = NOW - timedelta(days=20)
    of_root = authority.revocation_list(by=authority.root)
    forged = Authority.new("ТЕСТ ҰКО", number=6).revocation_list()  # of the same name, by another key
    for lists in ([], [of_root], [of_root, authority.revocation_list(made=old)], [of_root, forged]):
        found = examined(authority, signed, lists=lists)
        assert isinstance(reason(found, Aspect.REVOCATION), RevocationUnknown)
        assert found.is_valid


# ------------------------------------------------------------------------------------------------ time stamps


def test_a_time_stamp_that_verifies_is_told(authority: Authority) -> None:
    at = NOW - timedelta(minutes=3)
    found = examined(authority, authority.person().sign(CONTENT, stamped_by=authority.stamper(), stamped_at=at))
    assert found.stamped_at == at
    assert found.checks[-1] == Check(Aspect.TIME_STAMP, Outcome.HOLDS)


def test_a_time_stamp_by_who_may_not_stamp_is_not_verified_and_spoils_nothing(authority: Authority) -> None:
    stranger = Authority.new("БӨТЕН ҰКО", number=7).stamper()
    for stamper in (authority.person(number=51), stranger):
        found = examined(authority, authority.person().sign(CONTENT, stamped_by=stamper))
        assert isinstance(reason(found, Aspect.TIME_STAMP), StampNotVerified)
        assert found.stamped_at is None
        assert found.is_valid


# ------------------------------------------------------------------------------------------------ kept signatures


def kept(authority: Authority, container: bytes, *, content: bytes = CONTENT, at: datetime = NOW) -> Kept:
    found = examined(authority, container, at=at)
    assert found.certificate is not None
    digests = sha256(content).digest(), sha256(container).digest()
    signature = Signature(
        1, 1, "prepared:12/7", "second-signature", 7, "", None, "", (), Method.CMS, at, found.claimed_at, "", *digests,
        found.certificate, "registered",
    )  # fmt: skip
    return Kept(signature, content, container, found.chain)


def verdict(authority: Authority, of: Kept, now: datetime = NOW) -> Verdict:
    lists = [as_kept(each) for each in (authority.revocation_list(by=authority.root), authority.revocation_list())]
    return rules.verdict(of, trusted(authority), lambda *_: lists, now)


def test_the_exact_bytes_verify_again(authority: Authority) -> None:
    found = verdict(authority, kept(authority, authority.person().sign(CONTENT)))
    assert found.is_valid
    assert found.is_valid_now
    assert not found.is_doubtful


def test_a_certificate_that_ran_out_since_does_not_undo_what_was_signed(authority: Authority) -> None:
    found = verdict(authority, kept(authority, authority.person().sign(CONTENT)), UNTIL + timedelta(days=1))
    assert found.is_valid
    assert not found.is_valid_now


def test_a_certificate_revoked_since_does_not_undo_what_was_signed(authority: Authority) -> None:
    own = Authority(authority.root, authority.centre)
    holder = own.person(number=61)
    of = kept(own, holder.sign(CONTENT), at=NOW - timedelta(hours=3))
    own.revoke(holder, NOW - timedelta(hours=1))
    found = verdict(own, of)
    assert found.is_valid
    assert not found.is_valid_now


def test_a_centre_need_not_be_at_hand_any_more(authority: Authority) -> None:
    """The way to the root is kept with the signature."""
    holder = replace(authority.person(), above=())
    of = kept(authority, holder.sign(CONTENT))
    only_root = trusted(authority)[:1]
    lists = [as_kept(each) for each in (authority.revocation_list(by=authority.root), authority.revocation_list())]
    assert rules.verdict(of, only_root, lambda *_: lists, NOW).is_valid


@pytest.fixture(scope="module")
def whole(authority: Authority) -> Kept:
    return kept(authority, authority.person().sign(CONTENT, stamped_by=authority.stamper()))


def flipped(data: bytes, bit: int) -> bytes:
    at = bit % (len(data) * 8)
    return data[: at // 8] + bytes([data[at // 8] ^ 1 << at % 8]) + data[at // 8 + 1 :]


@settings(max_examples=150)
@given(bit=st.integers(0, 1 << 20), where=st.sampled_from(["content", "container"]))
def test_whichever_bit_is_changed_the_verdict_is_not_valid(
    authority: Authority, whole: Kept, bit: int, where: str
) -> None:
    changed = replace(whole, **{where: flipped(getattr(whole, where), bit)})
    found = verdict(authority, changed)
    assert not found.is_valid
    assert isinstance(reason(found, Aspect.BYTES), BytesDiffer)


@settings(max_examples=150)
@given(bit=st.integers(0, 1 << 20))
def test_whichever_bit_of_the_document_is_changed_the_container_fits_it_no_more(
    authority: Authority, whole: Kept, bit: int
) -> None:
    assert whole.container is not None
    assert not examined(authority, whole.container, content=flipped(CONTENT, bit)).is_valid


@settings(max_examples=150)
@given(bit=st.integers(0, 1 << 20), part=st.sampled_from(["certificate", "signed_attrs", "signature"]))
def test_whichever_bit_of_a_part_that_counts_is_changed_the_container_holds_no_more(
    authority: Authority, whole: Kept, bit: int, part: str
) -> None:
    """By cryptography alone, without the digests that were kept."""
    assert whole.container is not None
    read = containers.read(whole.container)
    own = read.certificate.dump() if part == "certificate" else read.signer[part].dump()
    at = whole.container.index(own)
    changed = whole.container[:at] + flipped(own, bit) + whole.container[at + len(own) :]
    assert not examined(authority, changed).is_valid


def test_a_certificate_in_the_place_of_another_is_found_out(authority: Authority, whole: Kept) -> None:
    other = authority.person("БАСҚА", "800101300017", number=71)
    assert whole.signature.certificate is not None
    described = replace(whole.signature.certificate, der=other.certificate.public_bytes(Encoding.DER))
    found = verdict(authority, replace(whole, signature=replace(whole.signature, certificate=described)))
    assert isinstance(reason(found, Aspect.SIGNER), CertificateOfAnother)
    assert not found.is_valid


# ------------------------------------------------------------------------------------------------ whose it is


def test_a_certificate_is_whose_it_was_registered_by_or_whose_iin_it_has(authority: Authority) -> None:
    certificate = examined(authority, authority.person().sign(CONTENT)).certificate
    assert certificate is not None
    own = sha256(certificate.der).digest()
    assert rules.known_by(certificate, {own}, None) == "registered"
    assert rules.known_by(certificate, {b"another"}, certificate.iin) == "iin"
    with pytest.raises(CertificateNotRegistered):
        rules.known_by(certificate, set(), None)
    for registered, iin in (({b"another"}, None), (set(), "800101300017"), ({b"another"}, "800101300017")):
        with pytest.raises(CertificateOfAnother):
            rules.known_by(certificate, registered, iin)


# ------------------------------------------------------------------------------------------------ bytes and codes


def test_canonical_bytes_are_the_same_for_the_same_facts() -> None:
    document = Document("entry", "15/Қ", date(2026, 3, 16))
    told = rules.canonical("prepared:12/7", "checked", document, revision=1, amount="1234.56")
    assert told == rules.canonical("prepared:12/7", "checked", document, amount="1234.56", revision=1)
    assert (
        told
        == (
            '{"amount":"1234.56","document":{"kind":"entry","number":"15/Қ","on":"2026-03-16"},"purpose":"checked",'
            '"revision":1,"subject":"prepared:12/7"}'
        ).encode()
    )
    assert rules.document_in(told) == document


@given(st.binary())
def test_bytes_of_another_form_name_no_document(content: bytes) -> None:
    assert rules.document_in(content) is None


def test_what_is_signed_has_a_largest_size() -> None:
    rules.require_size(b"x" * rules.LARGEST)
    with pytest.raises(ContentTooLarge):
        rules.require_size(b"x" * (rules.LARGEST + 1))


def test_a_code_is_read_as_people_type_it() -> None:
    code = rules.new_code()
    assert rules.typed_code(rules.shown_code(code).lower()) == code
    assert rules.typed_code(" " + code.replace("0", "O").replace("1", "l")) == code
    for none in ("", "x", code[:-1], code + "0", code[:-1] + "U", "ӘӘӘӘӘӘӘӘӘӘӘӘӘӘӘӘӘӘӘӘ"):
        assert rules.typed_code(none) is None
    assert len({rules.new_code() for _ in range(1000)}) == 1000
