"""``qazyna seal``, ``verify`` and ``proof``, the recipe of the auditor's guide, and sealing beside the serving."""

import asyncio
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text

from erp.base import audit, uow
from erp.base.db import make_engine
from ledger import seals
from ledger.model import Posting
from qazyna.serve import Sealer
from qazyna.settings import PROJECT
from tests.factories import loops
from tests.factories.books import Books, scope_of, some_books
from tests.factories.patience import until
from tests.factories.seals import a_superuser, await_older, libpq, seal_everything, tamper
from tests.qazyna.test_program import run

BIN = "000000000019"


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    """Three entries in the books of an organisation that has a BIN."""
    owner = make_engine(database, role=None, pool=1)
    with owner.begin() as c:
        organisation = c.execute(
            text("""
                INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en)
                VALUES (:code, 'institution', 'Мектеп', 'Школа', 'School') RETURNING id
            """),
            {"code": BIN},
        ).scalar_one()
    owner.dispose()
    books = some_books(database, organisation=organisation)
    uow.run(books.engine, scope_of(), lambda u: audit.record(u.connection, u.scope, "signed-in", "user:7"))
    for memo in ("бір", "екі", "үш"):
        books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 100_00), memo=memo))
    yield books
    books.engine.dispose()


def qazyna(database: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return run(*arguments, QAZYNA_DATABASE_URL=libpq(database))


def test_an_auditor_s_round(database: str, books: Books, tmp_path: Path) -> None:
    """Seal, keep the anchor and a proof, check both, and be told what a superuser did."""
    anchor, proof, recipe = tmp_path / "anchor.txt", tmp_path / "proof.json", tmp_path / "check.py"
    seal_everything(database)
    sealed = qazyna(database, "seal", "--anchor", str(anchor))
    assert sealed.returncode == 0, sealed.stderr
    head = re.search(r"^\d+:[0-9a-f]{64}$", sealed.stdout, re.MULTILINE)
    assert head is not None
    assert "added to" in sealed.stdout

    fine = qazyna(database, "verify", "--anchor", str(anchor))
    assert fine.returncode == 0, fine.stderr
    assert "Verified: 3 entries" in fine.stdout
    assert head[0] in fine.stdout
    by_itself = qazyna(database, "verify")
    assert "give --anchor or --head" in by_itself.stdout
    assert qazyna(database, "verify", "--head", head[0]).returncode == 0

    named = ("--organisation", BIN, "--journal", "MO-01", "--year", "2026")
    written = qazyna(database, "proof", str(proof), *named, "--number", "2")
    assert written.returncode == 0, written.stderr
    recipe.write_text(the_recipe(), encoding="utf-8")
    found = subprocess.run([sys.executable, recipe, proof, head[0]], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.startswith("PROVEN")) == (0, True), found.stderr
    assert '"екі"' in found.stdout

    written = qazyna(database, "proof-event", "event/1", str(proof))
    assert written.returncode == 0, written.stderr
    found = subprocess.run([sys.executable, recipe, proof, head[0]], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.startswith("PROVEN")) == (0, True), found.stderr
    assert '["qazyna-event-1","event",1,' in found.stdout
    assert "one like event/17 is expected" in qazyna(database, "proof-event", "entry/1", str(proof)).stderr
    assert "not sealed yet" in qazyna(database, "proof-event", "event/4711", str(proof)).stderr

    unknown = qazyna(database, "proof", str(proof), *named, "--number", "7")
    assert (unknown.returncode, unknown.stderr) == (1, "There is no such entry in these books.\n")

    tamper(database, "UPDATE ledger_posting SET amount_tiyn = 1 WHERE entry_id = (SELECT max(id) FROM ledger_entry)")
    told = qazyna(database, "verify")
    assert told.returncode == 1
    assert "Entry 3 of journal MO-01, 2026" in told.stderr
    assert "was altered" in told.stderr


def test_a_head_that_is_none_is_refused_in_a_sentence(database: str) -> None:
    refused = qazyna(database, "verify", "--head", "12")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "12 is no head" in refused.stderr


def test_all_that_is_due_is_sealed_not_one_block_of_it(database: str, books: Books) -> None:
    """Blocks hold a million entries or one transaction; here one, so that three entries take three."""
    seal_everything(database)
    with a_superuser(database) as c:
        made = c.execute("SELECT pg_get_functiondef('ledger_seal'::regproc)").fetchone()
        assert made is not None
        c.execute(str(made[0]).replace("1000000", "1").encode())
    for n in range(3):
        books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 1 + n)))
    await_older(database)
    sealed = qazyna(database, "seal").stdout
    assert sealed.count("is sealed:") == 3
    assert qazyna(database, "seal").stdout.startswith("Nothing new to seal.")


def test_nothing_to_seal_is_said(database: str) -> None:
    assert qazyna(database, "seal").stdout == "Nothing is posted yet.\n"


# ------------------------------------------------------------------------------------------------ the recipe


def the_recipe() -> str:
    guide = Path(PROJECT, "docs", "guide", "auditor.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    return str(recipe)


def test_the_recipe_is_short_and_needs_the_standard_library_only() -> None:
    lines = the_recipe().splitlines()
    assert len(lines) <= 40
    imported = {re.split(r"\s+", line)[1] for line in lines if re.match(r"(import|from) ", line)}
    assert imported <= set(sys.stdlib_module_names)


@pytest.fixture(scope="module")
def said(shared_database: str) -> dict[str, object]:
    """A proof of the fourth of seven entries, as its file says it."""
    books = some_books(shared_database)
    sides = books.side("1010"), books.side("6010")
    ids = [books.post(books.entry(Posting(*sides, 1 + n), memo=f"entry {n}")).entry_id for n in range(7)]
    seal_everything(shared_database)
    with books.engine.begin() as c:
        c.execute(text("SELECT set_config('qazyna.reads', '1', true)"))
        proof = seals.proof(c, 1, 2026, ids[3])
    books.engine.dispose()
    found = json.loads(proof.to_json())
    assert isinstance(found, dict)
    return found


def check(folder: Path, said: dict[str, object], head: str) -> str:
    recipe, file = folder / "check.py", folder / "proof.json"
    recipe.write_text(the_recipe(), encoding="utf-8")
    file.write_text(json.dumps(said), encoding="utf-8")
    done = subprocess.run([sys.executable, recipe, file, head], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == done.stdout.startswith("PROVEN")
    return done.stdout + done.stderr


def test_the_recipe_accepts_a_good_proof(said: dict[str, object], tmp_path: Path) -> None:
    assert '"entry 3"' in check(tmp_path, said, str(said["head"]))
    assert check(tmp_path, said, f"1:{said['head']}").startswith("PROVEN")


@pytest.mark.parametrize("part", ["entry", "side", "neighbour", "shorter", "header", "root", "head"])
def test_the_recipe_refuses_a_tampered_proof(said: dict[str, object], tmp_path: Path, part: str) -> None:
    head = str(said["head"])
    forged = json.loads(json.dumps(said))
    match part:
        case "entry":
            forged["entry"] = forged["entry"].replace(",4,", ",5,", 1)
        case "side":
            forged["path"][0][0] = {"left": "right", "right": "left"}[forged["path"][0][0]]
        case "neighbour":
            forged["path"][0][1] = "00" * 32
        case "shorter":
            forged["path"].pop()
        case "header":
            forged["block"] = re.sub(r"(20\d\d)-", lambda year: f"{int(year[1]) - 1}-", forged["block"])
        case "root":
            forged["entry"], forged["path"] = "another", []
            root = seals.leaf_hash(b"another").hex()
            forged["block"] = json.dumps([*json.loads(forged["block"])[:5], root, "", ""])
        case "head":
            head = "00" * 32
    assert forged != said or part == "head"
    assert "REFUSED" in check(tmp_path, forged, head)


# ------------------------------------------------------------------------------------------------ beside the serving


class Counted(Sealer):
    """Knows how often it has gone about a work of its."""

    goes = 0

    def _in_transaction(self, work: Callable[[Connection], object]) -> object:
        self.goes += 1
        return super()._in_transaction(work)


def run_until(sealer: Sealer, holds: Callable[[], bool]) -> None:
    """Let it seal beside the test until something is so; it has not ended by then."""

    async def a_while() -> None:
        sealing = asyncio.create_task(sealer.run())
        await asyncio.to_thread(until, holds)
        assert not sealing.done()
        sealing.cancel()

    loops.run(a_while())


def test_what_is_posted_is_sealed_while_serving(database: str, books: Books) -> None:
    def sealed() -> int:
        with psycopg.connect(libpq(database)) as c:
            ((count,),) = c.execute("SELECT count(*) FROM ledger_leaf").fetchall()
        return int(count)

    run_until(Sealer(make_engine(database, pool=1), pause=0.02), lambda: sealed() == 3)


def test_a_failure_is_told_once_and_sealing_goes_on(database: str, caplog: pytest.LogCaptureFixture) -> None:
    books = some_books(database)
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 1)))
    block = seal_everything(database)
    ahead = str(block.watermark + 10**6)
    tamper(database, "UPDATE ledger_block SET watermark = %s::text::xid8", ahead)
    sealer = Counted(make_engine(database, pool=1), pause=0.01)
    with caplog.at_level(logging.WARNING, "qazyna"):
        run_until(sealer, lambda: sealer.goes > 6)
    (record,) = caplog.records
    assert "CounterBehind" in record.getMessage()
    books.engine.dispose()


def test_what_nobody_foresaw_is_told_once_too_and_sealing_goes_on(
    database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise KeyError

    monkeypatch.setattr("qazyna.serve._BESIDE", (fail,))
    sealer = Counted(make_engine(database, pool=1), pause=0.01)
    with caplog.at_level(logging.WARNING, "qazyna"):
        run_until(sealer, lambda: sealer.goes > 3)
    (record,) = caplog.records
    assert "KeyError" in record.getMessage()
