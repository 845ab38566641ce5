"""Steps that need a digital signature: what is taken, and what another signature is not good for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

import pytest

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import system_scope
from erp.finance.approvals import rules, service
from erp.finance.approvals.model import State, Step
from erp.reference.signatures import service as signatures
from erp.reference.signatures import trust
from erp.reference.signatures.errors import (
    CertificateNotRegistered,
    CertificateOfAnother,
    CertificateRevoked,
    ContainerMalformed,
    ContentDiffers,
    SignatureNeeded,
)
from erp.reference.signatures.model import Cms, Method
from ledger.errors import PreparedChanged
from tests.erp.finance.approvals.conftest import CONSENT, GUARDED, WHOLE, Office, an_entry
from tests.factories import authority as authorities
from tests.factories.authority import NOW, Authority, Holder

CHECK, FIRST, SECOND = Step


@pytest.fixture(scope="module")
def authority(shared_database: str) -> Iterator[Authority]:
    made = Authority.new("ТЕСТ ҚҰЖАТ", number=31)
    authorities.trust(shared_database, made)
    yield made
    owner = make_engine(shared_database, role=None, pool=1)
    for each in (made.root, made.centre):
        digest = sha256(each.der).digest()
        uow.run(owner, system_scope(), lambda u, d=digest: trust.withdraw(u, d, "the tests are over"))
    owner.dispose()


@dataclass
class Signers:
    """An office whose head and chief accountant have keys of their own."""

    office: Office
    keys: dict[str, Holder]

    def sign(self, who: str, prepared: int, step: Step, key: str | None = None) -> Cms:
        """A container over what the step signs, by the key of whom it says."""
        content = self.office.run(who, lambda u: service.content_to_sign(u, self.office.organisation, prepared, step))
        return Cms(self.keys[key or who].sign(content))


@pytest.fixture
def signers(new_office: Callable[[], Office], authority: Authority) -> Signers:
    office, keys = new_office(), {}
    office.require(steps=WHOLE, cms=WHOLE[1:])
    for number, who in enumerate(("boss", "chief"), start=office.organisation * 2):
        keys[who] = authority.person(who.title(), f"{number:012d}", number=number)
        challenge = signatures.challenge(who)
        container = keys[who].sign(challenge)
        office.run(who, lambda u, c=challenge, k=container: signatures.register_certificate(u, c, k))
    return Signers(office, keys)


def checked(office: Office) -> int:
    prepared = office.prepare("aigul")
    office.take("bolat", prepared, CHECK, 1)
    return prepared


def test_a_document_is_signed_twice_by_key_and_posted_and_each_signature_verifies_again(signers: Signers) -> None:
    """Worked example: checked by consent, both signatures by ЭЦП."""
    office, prepared = signers.office, checked(signers.office)
    first = signers.sign("boss", prepared, FIRST)
    assert office.take("boss", prepared, FIRST, 2, evidence=first) is None
    assert office.take("boss", prepared, FIRST, 2, evidence=first) is None, "the same again changes nothing"
    assert office.take("chief", prepared, SECOND, 3, evidence=signers.sign("chief", prepared, SECOND))
    assert office.posted() == [(GUARDED, 1)]
    about = rules.subject(office.organisation, prepared)
    given = office.run("head", lambda u: signatures.signatures_of(u, office.organisation, about))
    assert [(each.purpose, each.method, each.known_by) for each in given] == [
        ("checked", Method.CONSENT, None),
        ("first-signature", Method.CMS, "registered"),
        ("second-signature", Method.CMS, "registered"),
    ]
    for each in given:
        verdict = office.run("head", lambda u, i=each.id: signatures.verify_again(u, office.organisation, i))
        assert verdict.is_valid
        assert not verdict.is_doubtful


def test_a_signature_is_good_for_its_step_alone(signers: Signers) -> None:
    """One over another step, revision, document or organisation; by another's key; consent; garbage."""
    office, prepared = signers.office, checked(signers.office)
    other_document = office.prepare("aigul", an_entry(memo="Another"))
    content = office.run("boss", lambda u: service.content_to_sign(u, office.organisation, prepared, FIRST))
    elsewhere = content.replace(f"prepared:{office.organisation}/".encode(), b"prepared:0/")
    assert elsewhere != content
    for evidence, refusal in (
        (signers.sign("boss", prepared, SECOND), ContentDiffers),
        (signers.sign("boss", other_document, FIRST), ContentDiffers),
        (Cms(signers.keys["boss"].sign(elsewhere)), ContentDiffers),
        (signers.sign("boss", prepared, FIRST, key="chief"), CertificateOfAnother),
        (CONSENT, SignatureNeeded),
        (Cms(b""), ContainerMalformed),
        (Cms(signers.keys["boss"].sign(content)[:-1]), ContainerMalformed),
    ):
        with pytest.raises(refusal):
            office.take("boss", prepared, FIRST, 2, evidence=evidence)
    with pytest.raises(CertificateNotRegistered):
        office.take("bolat", other_document, CHECK, 1, evidence=signers.sign("bolat", other_document, CHECK, "boss"))
    assert office.view(prepared).next_step is FIRST


def test_a_signature_of_an_earlier_revision_is_refused_though_nothing_was_changed(signers: Signers) -> None:
    office, prepared = signers.office, checked(signers.office)
    early = signers.sign("boss", prepared, FIRST)
    office.take("boss", prepared, FIRST, 2, evidence=early)
    office.run("aigul", lambda u: service.withdraw(u, office.organisation, prepared, 3))
    office.run("aigul", lambda u: service.reinstate(u, office.organisation, prepared, 4))
    office.take("bolat", prepared, CHECK, 5)
    with pytest.raises(PreparedChanged):
        office.take("boss", prepared, FIRST, 2, evidence=early)
    with pytest.raises(ContentDiffers):
        office.take("boss", prepared, FIRST, 6, evidence=early)
    assert office.view(prepared).state is State.CHECKED
    office.take("boss", prepared, FIRST, 6, evidence=signers.sign("boss", prepared, FIRST))


def test_a_revoked_key_signs_no_document_any_more(signers: Signers, authority: Authority, shared_database: str) -> None:
    office, prepared = signers.office, checked(signers.office)
    authority.revoke(signers.keys["boss"])
    owner = make_engine(shared_database, role=None, pool=1)
    uow.run(
        owner, system_scope(), lambda u: trust.load(u, [trust.File("new.crl", authority.revocation_list(made=NOW))])
    )
    owner.dispose()
    with pytest.raises(CertificateRevoked):
        office.take("boss", prepared, FIRST, 2, evidence=signers.sign("boss", prepared, FIRST))
