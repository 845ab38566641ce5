"""``qazyna trust`` and ``qazyna user link``; and a stored signature verified by openssl alone, as the guide says."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from asn1crypto import pem
from typer.testing import CliRunner

from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.signatures.errors import CertificateUnknown
from qazyna.cli import app
from qazyna.errors import StartupError
from qazyna.settings import PROJECT
from tests.factories.authority import NOW, Authority, Holder
from tests.factories.patience import PATIENCE
from tests.factories.seals import libpq

CONTENT = b'{"document":{"kind":"entry","number":"15","on":"2026-03-16"},"subject":"prepared:12/7"}'


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.new()


Command = Callable[..., str]


@pytest.fixture
def qazyna(database: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command in this very process; what it refuses is raised."""
    for name in [name for name in os.environ if name.startswith("QAZYNA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("QAZYNA_DATABASE_URL", libpq(database))

    def run(*arguments: str, fails: bool = False) -> str:
        result = CliRunner().invoke(app, list(arguments), standalone_mode=False)
        if result.exception is not None:
            raise result.exception
        assert (result.return_value == 1) == fails, result.output
        return result.output

    return run


def test_an_administrator_loads_shows_and_withdraws_trust(
    qazyna: Command, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StartupError, match="set QAZYNA_TRUST_STORE"):
        qazyna("trust", "load")
    for name, content in authority.files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "read me.txt").write_text("not a certificate")
    monkeypatch.setenv("QAZYNA_TRUST_STORE", str(tmp_path))
    assert qazyna("trust", "load").splitlines() == [
        "Trusted from now on: ТЕСТ ҰКО CA",
        "Trusted from now on: ТЕСТ ҰКО ROOT",
        "List of revoked certificates taken in: ТЕСТ ҰКО CA",
        "List of revoked certificates taken in: ТЕСТ ҰКО ROOT",
    ]
    assert qazyna("trust", "load") == "Nothing new.\n"
    (root,) = re.findall(r"([0-9a-f]{16})\W+ТЕСТ ҰКО ROOT", qazyna("trust", "show"))
    withdrawn = qazyna("trust", "withdraw", root, "--reason", "The centre has ended")
    assert withdrawn == "Trusted no more: ТЕСТ ҰКО ROOT\n"
    assert "withdrawn" in qazyna("trust", "show")
    with pytest.raises(CertificateUnknown):
        qazyna("trust", "withdraw", root, "--reason", "again")
    assert qazyna("trust", "load") == "Nothing new.\n", "its file still lies in the folder"
    assert "withdrawn" in qazyna("trust", "show")
    assert qazyna("trust", "restore", root, "--reason", "A mistake") == "Trusted from now on: ТЕСТ ҰКО ROOT\n"
    assert "withdrawn" not in qazyna("trust", "show")


def test_an_administrator_links_a_person(database: str, qazyna: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = make_engine(database, role=None, pool=1)
    for login in ("aigul", "erlan"):
        uow.run(
            owner,
            system_scope(),
            lambda u, login=login: access.create_user(u, login, login, "correct-horse", Language.KK),  # type: ignore[misc]
        )
    owner.dispose()
    with pytest.raises(StartupError, match="Say --issuer"):
        qazyna("user", "link", "aigul", "x")
    monkeypatch.setenv("QAZYNA_OIDC_ISSUER", "https://id.example.kz")
    assert qazyna("user", "link", "aigul", "her-subject") == "aigul is linked.\n"
    assert "It is linked to somebody already" in qazyna("user", "link", "erlan", "her-subject", fails=True)
    assert qazyna("user", "unlink", "aigul") == "aigul is linked no more.\n"
    qazyna("user", "link", "erlan", "her-subject")
    qazyna("user", "link", "erlan", "850719300018", "--issuer", "iin")


# ------------------------------------------------------------------------------------------------ the recipe


def the_recipe() -> str:
    guide = Path(PROJECT, "docs", "guide", "auditor.md").read_text(encoding="utf-8")
    (recipe,) = [block for block in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL) if "openssl cms" in block]
    return str(recipe)


Verify = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def verify(authority: Authority, tmp_path: Path) -> Verify:
    """Run the recipe over files that an auditor saved."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on this machine")
    (tmp_path / "verify.sh").write_text(the_recipe(), encoding="utf-8")

    def run_it(container: bytes, content: bytes = CONTENT, at: datetime = NOW) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "signed.bin").write_bytes(content)
        (tmp_path / "signature.cms").write_bytes(container)
        centre = [
            pem.armor("CERTIFICATE", authority.root.der),
            pem.armor("CERTIFICATE", authority.centre.der),
            pem.armor("X509 CRL", authority.revocation_list(by=authority.root)),
            pem.armor("X509 CRL", authority.revocation_list()),
        ]
        (tmp_path / "centre.pem").write_bytes(b"".join(centre))
        day = f"{at:%Y-%m-%d %H:%M:%S} +0000"
        return subprocess.run(
            ["sh", "verify.sh", day], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    return run_it


@pytest.mark.parametrize(("kind", "scheme"), [("ec", ""), ("rsa", "rsa"), ("rsa", "pss")])
def test_openssl_alone_verifies_a_stored_signature(
    authority: Authority, verify: Verify, kind: str, scheme: str
) -> None:
    found = verify(authority.person(kind=kind).sign(CONTENT, scheme=scheme))
    assert found.returncode == 0, found.stderr
    assert "СЕРІКОВА АЙГҮЛ" in found.stdout
    assert "IIN850719300018" in found.stdout
    assert "signed.bin" in found.stdout


def test_openssl_alone_finds_out_what_does_not_hold(authority: Authority, verify: Verify) -> None:
    holder: Holder = authority.person()
    assert verify(holder.sign(CONTENT), CONTENT + b" ").returncode != 0
    assert verify(Authority.new("БӨТЕН ҰКО", number=5).person().sign(CONTENT)).returncode != 0
    own = Authority(authority.root, authority.centre)
    revoked = own.person(number=9)
    authority.revoke(revoked)
    assert verify(revoked.sign(CONTENT)).returncode != 0
    authority.revoked.clear()
