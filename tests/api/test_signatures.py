"""Signatures by program: those of a document, verified again, to the byte; nothing of another's books."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from erp.base import uow
from erp.base.scope import Scope
from erp.reference.signatures import rules, service
from erp.reference.signatures.model import Consent, Document, Signature
from ledger.model import Actor
from tests.web.desk import LYCEUM, Desk

Bearer = Callable[[str], dict[str, str]]


@pytest.fixture
def signature(desk: Desk) -> Signature:
    at, user = frozenset({desk.school}), desk.users["accountant"]
    subject = f"prepared:{desk.school}/71"
    content = rules.canonical(subject, "checked", Document("entry", "71", None), amount="1.00")
    return uow.run(
        desk.engine,
        Scope(Actor(user, "test"), reads=at, writes=at),
        lambda u: service.sign(u, desk.school, subject, "checked", content, Consent()),
    )


def test_a_program_reads_and_verifies_signatures(
    desk: Desk, client: "TestClient[Any]", bearer: Bearer, signature: Signature
) -> None:
    home, auditor = f"/api/v1/organisations/{desk.school}/signatures", bearer("auditor")
    told = client.get(home, params={"subject": signature.subject}, headers=auditor).json()["items"][-1]
    assert (told["id"], told["purpose"], told["method"], told["roles"]) == (
        signature.id, "checked", "consent", ["accountant"],
    )  # fmt: skip
    assert told["certificate"] is None
    verdict = client.get(f"{home}/{signature.id}/verdict", headers=auditor).json()
    assert (verdict["valid"], verdict["valid_now"]) == (True, True)
    assert verdict["then"] == [{"aspect": "bytes", "outcome": "holds", "reason": None}]
    content = client.get(f"{home}/{signature.id}/content", headers=auditor).content
    assert rules.document_in(content) == Document("entry", "71", None)
    assert client.get(f"{home}/{signature.id}/container", headers=auditor).json()["code"] == "signature-unknown"


def test_a_signature_is_not_found_in_other_books(
    desk: Desk, client: "TestClient[Any]", bearer: Bearer, signature: Signature
) -> None:
    elsewhere = f"/api/v1/organisations/{desk.organisations[LYCEUM]}/signatures"
    office = bearer("office")
    assert client.get(elsewhere, params={"subject": signature.subject}, headers=office).json()["items"] == []
    assert client.get(f"{elsewhere}/{signature.id}/verdict", headers=office).status_code == 404
    assert client.get(f"{elsewhere}/{signature.id}/verdict").status_code == 401
