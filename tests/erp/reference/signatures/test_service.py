"""Signing in a database: exact bytes, whose certificate, the trail; and what anybody may ask by a code."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.db import make_engine
from erp.base.errors import DomainError
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.reference.access import identities
from erp.reference.signatures import queries, rules, service, trust
from erp.reference.signatures.errors import (
    AlgorithmNotVerifiable,
    CertificateNotRegistered,
    CertificateOfAnother,
    CertificateOfOtherIin,
    CertificateTaken,
    CertificateUnknown,
    ContentDiffers,
    ListNotSigned,
    SignatureUnknown,
    SignerNotAPerson,
    TrustFileMalformed,
)
from erp.reference.signatures.model import Cms, Consent, Document, Evidence, Method, RevocationList, Signature
from ledger.model import Actor
from tests.conftest import TestServer
from tests.factories import authority as authorities
from tests.factories.authority import Authority, Holder, national
from tests.factories.seals import libpq
from tests.qazyna.test_program import run
from tests.web.desk import LYCEUM, Desk, furnish

IIN, OTHER_IIN = "850719300018", "800101300017"


@dataclass
class Room:
    """A desk whose accountant has registered a certificate."""

    desk: Desk
    url: str
    authority: Authority
    holder: Holder

    def scope(self, login: str = "accountant", *, writes: bool = True) -> Scope:
        at = frozenset({self.desk.school})
        return Scope(Actor(self.desk.users[login], "127.0.0.1"), reads=at, writes=at if writes else frozenset())

    def subject(self, number: int = 7) -> str:
        return f"prepared:{self.desk.school}/{number}"

    def content(self, number: int = 7, **facts: object) -> bytes:
        document = Document("entry", str(number), None)
        return rules.canonical(self.subject(number), "second-signature", document, **facts)

    def sign(self, content: bytes, evidence: Evidence, *, login: str = "accountant", number: int = 7) -> Signature:
        def act(u: UnitOfWork) -> Signature:
            return service.sign(u, self.desk.school, self.subject(number), "second-signature", content, evidence)

        return uow.run(self.desk.engine, self.scope(login), act)

    def register(self, login: str, holder: Holder) -> None:
        challenge = service.challenge(login)
        signed = holder.sign(challenge)
        uow.run(self.desk.engine, self.scope(login), lambda u: service.register_certificate(u, challenge, signed))


@pytest.fixture(scope="module")
def room(server: TestServer) -> Iterator[Room]:
    url = server.new_database()
    desk, authority = furnish(url), Authority.new()
    authorities.trust(url, authority)
    room = Room(desk, url, authority, authority.person(iin=IIN))
    room.register("accountant", room.holder)
    yield room
    desk.engine.dispose()
    server.drop_database(url)


def test_a_consent_is_kept_with_the_very_bytes(room: Room) -> None:
    content = room.content(1)
    signature = room.sign(content, Consent(), number=1)
    assert (signature.method, signature.signer, signature.roles) == (Method.CONSENT, "Айгүл Серікова", ("accountant",))
    kept = uow.read(
        room.desk.engine, room.scope(writes=False), lambda u: service.kept(u, room.desk.school, signature.id)
    )
    assert kept.content == content
    assert kept.container is None
    verdict = uow.read(
        room.desk.engine, room.scope(), lambda u: service.verify_again(u, room.desk.school, signature.id)
    )
    assert verdict.is_valid


def test_a_digital_signature_is_kept_whole_and_verifies_again(room: Room) -> None:
    content = room.content(2)
    container = room.holder.sign(content, stamped_by=room.authority.stamper())
    signature = room.sign(content, Cms(container), number=2)
    assert signature.certificate is not None
    assert (signature.certificate.iin, signature.known_by) == (IIN, "registered")
    assert signature.claimed_at == authorities.NOW

    def again(u: UnitOfWork) -> None:
        kept = service.kept(u, room.desk.school, signature.id)
        assert (kept.content, kept.container) == (content, container)
        verdict = service.verify_again(u, room.desk.school, signature.id)
        assert verdict.is_valid
        assert verdict.is_valid_now
        assert verdict.stamped_at == authorities.NOW
        assert service.signatures_of(u, room.desk.school, room.subject(2)) == (signature,)

    uow.read(room.desk.engine, room.scope(), again)


def test_lists_of_megabytes_are_read_once_for_many_signatures(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    read, asked = queries.revocation_lists, list[bytes]()

    def reading(connection: Connection, scope: Scope, digests: Collection[bytes]) -> dict[bytes, RevocationList]:
        asked.extend(digests)
        return read(connection, scope, digests)

    monkeypatch.setattr(service, "_SHELF", service._Shelf())
    monkeypatch.setattr(queries, "revocation_lists", reading)
    signed = [
        room.sign(content, Cms(room.holder.sign(content)), number=n) for n in (41, 42) for content in [room.content(n)]
    ]
    for each in signed:
        found = uow.read(room.desk.engine, room.scope(), lambda u: service.verify_again(u, room.desk.school, each.id))  # noqa: B023
        assert found.is_valid_now
    assert len(asked) == len(set(asked)) > 0


def test_the_trail_tells_of_it_with_the_digests(room: Room) -> None:
    signature = room.sign(room.content(3), Cms(room.holder.sign(room.content(3))), number=3)
    with psycopg.connect(libpq(room.url)) as connection:
        found = connection.execute(
            "SELECT action, actor_id, organisation_id, facts FROM base_audit_event WHERE subject = %s",
            [room.subject(3)],
        ).fetchall()
    ((action, actor, organisation, facts),) = found
    assert (action, actor, organisation) == ("signed", room.desk.users["accountant"], room.desk.school)
    assert facts["content_sha256"] == signature.content_sha256.hex()
    assert facts["container_sha256"] == (signature.container_sha256 or b"").hex()
    assert facts["signature"] == signature.id


def test_a_later_certificate_of_the_same_iin_needs_no_registering(room: Room) -> None:
    renewed = room.authority.person(iin=IIN, number=21)
    assert room.sign(room.content(), Cms(renewed.sign(room.content()))).known_by == "iin"


@pytest.mark.parametrize(
    ("login", "evidence", "refusal"),
    [
        ("accountant", "another's", CertificateOfAnother),
        ("office", "own", CertificateNotRegistered),
        ("accountant", "other content", ContentDiffers),
        ("accountant", "national", AlgorithmNotVerifiable),
    ],
)
def test_what_does_not_hold_is_refused_and_leaves_nothing(
    room: Room, login: str, evidence: str, refusal: type[DomainError]
) -> None:
    content = room.content(4)
    container = {
        "another's": lambda: room.authority.person("БАСҚА", OTHER_IIN, number=22).sign(content),
        "own": lambda: room.holder.sign(content),
        "other content": lambda: room.holder.sign(content + b" "),
        "national": lambda: national(room.holder.sign(content)),
    }[evidence]()
    with pytest.raises(refusal):
        room.sign(content, Cms(container), login=login, number=4)
    assert not uow.read(
        room.desk.engine, room.scope(), lambda u: service.signatures_of(u, room.desk.school, room.subject(4))
    )


def test_the_program_signs_nothing(room: Room) -> None:
    scope = Scope(Actor(0, "test"), writes=frozenset({room.desk.school}))
    with pytest.raises(SignerNotAPerson):
        uow.run(
            room.desk.engine,
            scope,
            lambda u: service.sign(u, room.desk.school, "prepared:1/1", "checked", b"{}", Consent()),
        )


# ------------------------------------------------------------------------------------------------ the database


def test_nobody_signs_in_another_s_name_or_elsewhere(room: Room) -> None:
    insert = text("""
        INSERT INTO reference_signature (organisation_id, subject, purpose, signer_id, origin, method, content,
                                         content_sha256, check_code)
        VALUES (:at, 'prepared:1/1', 'checked', :signer, '', 'consent', 'x', sha256('x'), '0123456789ABCDEFGHJK')
    """)
    own, other = room.desk.users["accountant"], room.desk.users["office"]
    lyceum = room.desk.organisations[LYCEUM]
    for at, signer in ((room.desk.school, other), (lyceum, own)):
        with pytest.raises(DBAPIError, match="row-level security"):
            uow.run(
                room.desk.engine,
                room.scope(),
                lambda u, at=at, signer=signer: u.execute(insert, {"at": at, "signer": signer}),  # type: ignore[misc]
            )


@pytest.mark.parametrize("change", ["UPDATE reference_signature SET purpose = 'x'", "DELETE FROM reference_signature"])
def test_not_even_the_owner_changes_a_signature(room: Room, change: str) -> None:
    room.sign(room.content(5), Consent(), number=5)
    with psycopg.connect(libpq(room.url)) as connection, pytest.raises(psycopg.Error, match="append-only"):
        connection.execute(change.encode())


def test_what_a_superuser_changes_past_the_guards_is_seen(room: Room) -> None:
    """The digests of a row are checked by the row's own constraint; the trail, which is sealed, holds them as well."""
    signature = room.sign(room.content(6), Consent(), number=6)
    with psycopg.connect(libpq(room.url)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("ALTER TABLE reference_signature DROP CONSTRAINT reference_signature_content_kept")
        connection.execute("UPDATE reference_signature SET content = 'forged' WHERE id = %s", [signature.id])
    verdict = uow.read(
        room.desk.engine, room.scope(), lambda u: service.verify_again(u, room.desk.school, signature.id)
    )
    assert not verdict.is_valid
    walked = run("verify", QAZYNA_DATABASE_URL=libpq(room.url))
    assert walked.returncode == 1
    assert signature.check_code in walked.stderr
    with psycopg.connect(libpq(room.url)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE reference_signature SET content = %s WHERE id = %s", [room.content(6), signature.id])
    walked = run("verify", QAZYNA_DATABASE_URL=libpq(room.url))
    assert walked.returncode == 0, walked.stderr
    assert "Signatures that hold: " in walked.stdout


# ------------------------------------------------------------------------------------------------ the check


def test_who_knows_the_code_learns_what_is_for_everybody(room: Room) -> None:
    signature = room.sign(room.content(8), Cms(room.holder.sign(room.content(8))), number=8)
    stranger = Scope(Actor(0, "203.0.113.7"))

    def ask(u: UnitOfWork) -> None:
        found = service.check(u, rules.shown_code(signature.check_code).lower())
        assert found.signature.signer == "Айгүл Серікова"
        assert found.document == Document("entry", "8", None)
        assert found.verdict.is_valid
        assert service.compare(u, signature.check_code, room.content(8)) is True
        assert service.compare(u, signature.check_code, room.content(9)) is False
        for wrong in (rules.new_code(), "", "x", "'; DROP"):
            with pytest.raises(SignatureUnknown):
                service.check(u, wrong)

    uow.read(room.desk.engine, stranger, ask)
    with pytest.raises(SignatureUnknown):
        uow.read(room.desk.engine, stranger, lambda u: service.kept(u, room.desk.school, signature.id))


# ------------------------------------------------------------------------------------------------ certificates


def test_a_certificate_is_registered_by_its_key_alone(room: Room) -> None:
    office = room.authority.person("АХМЕТОВ ЕРЛАН", OTHER_IIN, number=23)
    with pytest.raises(ContentDiffers):
        uow.run(
            room.desk.engine,
            room.scope("office"),
            lambda u: service.register_certificate(u, service.challenge("office"), office.sign(b"something else")),
        )
    with pytest.raises(CertificateTaken):
        room.register("office", room.authority.person(iin=IIN, number=24))
    room.register("office", office)
    with pytest.raises(CertificateOfOtherIin):
        room.register("office", room.authority.person("ҮШІНШІ", "900101300017", number=25))

    def own(u: UnitOfWork) -> list[str | None]:
        return [each.iin for each in service.certificates(u)]

    assert uow.read(room.desk.engine, room.scope("office"), own) == [OTHER_IIN]
    assert uow.read(room.desk.engine, room.scope("auditor"), own) == []


def test_a_certificate_that_was_withdrawn_is_the_person_s_no_more(room: Room) -> None:
    holder = room.authority.person("ОСПАНОВА ДИНА", "910101400014", number=26)
    room.register("auditor", holder)
    digest = uow.read(room.desk.engine, room.scope("auditor"), lambda u: service.certificates(u)[0].sha256)
    with pytest.raises(CertificateUnknown):
        uow.run(room.desk.engine, room.scope("office"), lambda u: service.withdraw_certificate(u, digest))
    uow.run(room.desk.engine, room.scope("auditor"), lambda u: service.withdraw_certificate(u, digest))
    with pytest.raises(CertificateNotRegistered):
        room.sign(room.content(), Cms(holder.sign(room.content())), login="auditor")


def test_a_person_s_identities_are_seen_by_nobody_else(room: Room) -> None:
    user = room.desk.users["accountant"]

    def seen(by: str) -> str | None:
        return uow.read(room.desk.engine, room.scope(by), lambda u: identities.subject_of(u, user, rules.IIN))

    assert seen("accountant") == IIN
    assert seen("office") is None


# ------------------------------------------------------------------------------------------------ trust


def load(room: Room, **files: bytes) -> trust.Loaded:
    owner = make_engine(room.url, role=None, pool=1)
    try:
        given = [trust.File(name, content) for name, content in files.items()]
        return uow.run(owner, system_scope(), lambda u: trust.load(u, given))
    finally:
        owner.dispose()


def test_what_is_loaded_twice_is_there_once(room: Room) -> None:
    files = {name.replace(".", "_"): content for name, content in room.authority.files.items()}
    assert load(room, **files).certificates == ()


def test_a_list_is_loaded_only_if_a_trusted_centre_signed_it(room: Room) -> None:
    with pytest.raises(ListNotSigned):
        load(room, theirs=Authority.new("БӨТЕН ҰКО", number=8).revocation_list())
    with pytest.raises(TrustFileMalformed):
        load(room, junk=b"junk")
    with pytest.raises(TrustFileMalformed):
        load(room, junk=b"-----BEGIN CERTIFICATE-----\nAAAA")


def test_trust_is_withdrawn_for_what_is_to_come(room: Room) -> None:
    other = Authority.new("УАҚЫТША ҰКО", number=9)
    authorities.trust(room.url, other)
    holder = other.person(iin=IIN, number=27)
    before = room.sign(room.content(10), Cms(holder.sign(room.content(10))), number=10)
    owner = make_engine(room.url, role=None, pool=1)
    root = next(each for each in uow.read(owner, system_scope(), trust.trusted) if each.der == other.root.der)
    assert uow.run(owner, system_scope(), lambda u: trust.withdraw(u, root.sha256, "test")) == "УАҚЫТША ҰКО ROOT"
    owner.dispose()
    with pytest.raises(DomainError, match="no way leads"):
        room.sign(room.content(11), Cms(holder.sign(room.content(11))), number=11)
    verdict = uow.read(room.desk.engine, room.scope(), lambda u: service.verify_again(u, room.desk.school, before.id))
    assert verdict.is_valid
    assert not verdict.is_valid_now
