"""Kills and restarts the program under eight writers, and compares the books with what the writers were told.

Everything runs with full durability.  A supervisor starts again whatever ended, with the same command and nothing
else, as systemd would.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil
import psycopg

from erp.base import uow
from erp.base.clock import today
from erp.base.db import sqlalchemy_url
from erp.base.scope import system_scope
from erp.reference.access import service as access
from ledger.verify import verify
from qazyna.database import migrated_database
from qazyna.settings import PROJECT, Settings
from tests.conftest import kill_servers, servers
from tests.factories.patience import PATIENCE
from tests.factories.program import free_port
from tests.factories.seals import seal_everything
from tests.faults import witness
from tests.faults.commands import Place
from tests.faults.diary import History, Sent
from tests.faults.writer import CALM, ENOUGH, STOP, keep_sealing, write
from tests.web.desk import furnish

WRITERS = 8
KINDS = ("web", "writer", "postgres", "backend", "everything")
REFUSED = {"period-closed"}  # what the writers must expect
GLANCE = 0.02  # seconds


class Stuck(Exception):
    """The program did not come back by itself."""


@dataclass(frozen=True)
class Instant:
    """One kill and what came of it."""

    kind: str
    after: float
    """Seconds of writing before it."""
    back: float
    """Seconds until every writer was served again."""
    faults: list[str]


@dataclass
class Report:
    instants: list[Instant] = field(default_factory=list)
    sent: int = 0
    entries: int = 0
    blocks: int = 0
    sealed: int = 0
    acknowledged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    saved_unheard: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    """Answers that never came, by how the writer saw it."""
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        back = [i.back for i in self.instants]
        by_kind = {kind: [i.back for i in self.instants if i.kind == kind] for kind in KINDS}
        lines = [
            f"{len(self.instants)} instants in {self.seconds:.0f} s",
            f"commands {self.sent}: acknowledged {self.acknowledged}, refused {_listed(self.refused)};"
            f" retried {self.retried}, of which saved by an attempt whose answer was lost {self.saved_unheard};"
            f" entries in the books {self.entries}, of them verified against {self.blocks} seals {self.sealed}",
            f"back in: median {statistics.median(back):.2f} s, max {max(back):.2f} s" if back else "no kill",
            *(
                f"  {kind:<10} {len(found):>4} kills, back in: median {statistics.median(found):.2f} s,"
                f" max {max(found):.2f} s"
                for kind, found in by_kind.items()
                if found
            ),
            f"answers lost: {_listed(self.lost)}",
            f"lost, doubled, changed or half done: {len(self.faults)}",
            *self.faults[:20],
        ]
        return "\n".join(lines)


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.most_common()) or "none"


class Kept:
    """A process that is started again, by the same command, whenever it ends."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes] | multiprocessing.process.BaseProcess]) -> None:
        self._start = start
        self._wanted = True
        self._turn = threading.Lock()
        self.process = start()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def _keep(self) -> None:
        while True:
            _wait(self.process)
            with self._turn:
                if not self._wanted:
                    return
                self.process = self._start()

    def kill(self, number: int = signal.SIGKILL) -> None:
        assert self.process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def let_end(self) -> None:
        """Start it no more."""
        with self._turn:
            self._wanted = False

    def finish(self, number: int | None = None) -> None:
        """Start it no more; tell it to end by a signal, or wait until it ends by itself."""
        self.let_end()
        if number is not None:
            self.kill(number)
        self._keeper.join(PATIENCE)


def _wait(process: subprocess.Popen[bytes] | multiprocessing.process.BaseProcess) -> None:
    if isinstance(process, subprocess.Popen):
        process.wait()
    else:
        process.join()


class Harness:
    """The program, its writers, and the one who kills them.

    Args:
        data: the program's data folder.
        folder: for the writers' diaries and what the program says.
        seed: what is written and what is killed follow from it; only the clock does not.
    """

    def __init__(self, data: Path, folder: Path, seed: int) -> None:
        self._data, self._folder = data, folder
        self._seed = seed
        self._random = Random(seed)  # noqa: S311
        self.histories = [History(folder / f"writer-{n}.diary") for n in range(WRITERS)]
        self._port = free_port()

    def run(self, instants: int, tell: Callable[[str], None] = print) -> Report:
        """Kill at so many random instants.  Raises: Stuck, when something does not come back."""
        began = time.monotonic()
        report = Report()
        with self.running():
            for n in range(1, instants + 1):
                instant = self._instant(KINDS[n % len(KINDS)])
                report.instants.append(instant)
                report.faults += instant.faults
                tell(self._line(n, instant))
                if instant.faults:
                    break
            report.faults += self.finish()
        self._verify(report)
        self._count(report)
        report.seconds = time.monotonic() - began
        return report

    def _furnish(self) -> Place:
        """A migrated database with two institutions."""
        with migrated_database(Settings(data=self._data)) as found:
            _require_full_durability(found.owner)
            desk = furnish(sqlalchemy_url(found.owner))
            token = uow.run(desk.engine, system_scope(), lambda u: access.issue_token(u, "office", today()))
            desk.engine.dispose()
            organisations = tuple(sorted(desk.organisations.values()))[:2]
            address = f"http://127.0.0.1:{self._port}"
            return Place(organisations, desk.users["office"], found.owner, found.application, address, token)

    @contextmanager
    def running(self) -> Iterator[None]:
        """The program serves and eight writers write."""
        self.place = self._furnish()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.writer"])

        def kept(act: Callable[..., None], *arguments: object) -> Kept:
            def start() -> multiprocessing.process.BaseProcess:
                process = context.Process(target=act, args=(self._folder, *arguments, self.place), daemon=True)
                process.start()
                return process

            return Kept(start)

        self._web = Kept(self._serve)
        self._writers = [kept(write, number, self._seed) for number in range(WRITERS)]
        self._sealer = kept(keep_sealing)
        try:
            self.await_answers(since=0)
            yield
        finally:
            for worker in (*self._writers, self._sealer):
                worker.finish(signal.SIGKILL)
            self._web.finish(signal.SIGTERM)

    def _serve(self) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("QAZYNA_")}
        with (self._folder / "web.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "qazyna", "serve"],
                env=environment | {"QAZYNA_DATA": str(self._data), "QAZYNA_PORT": str(self._port)},
                cwd=PROJECT,
                stdout=log,
                stderr=log,
            )

    # -------------------------------------------------------------------------------------------- one instant

    def _instant(self, kind: str) -> Instant:
        (self._folder / CALM).unlink(missing_ok=True)
        after = self._random.uniform(0.02, 0.6)
        time.sleep(after)
        getattr(self, f"_kill_{kind}")()
        killed = time.monotonic()
        back = self.await_answers(killed) - killed
        return Instant(kind, after, back, self.compare())

    def _kill_web(self) -> None:
        self._web.kill()

    def _kill_writer(self) -> None:
        self._random.choice([*self._writers, self._sealer]).kill()

    def _kill_postgres(self) -> None:
        """The postmaster first, so that it cannot tidy up after its children."""
        with suppress(ProcessLookupError):
            os.kill(self.server(), signal.SIGKILL)
        kill_servers(self._data)

    def _kill_backend(self) -> None:
        busy = [p for p in servers(self._data) if "[local]" in " ".join(_cmdline(p))]
        if busy:
            with suppress(psutil.NoSuchProcess):
                self._random.choice(busy).kill()

    def _kill_everything(self) -> None:
        for one in self._random.sample([self._web, self._sealer, *self._writers], WRITERS + 2):
            one.kill()
        self._kill_postgres()

    def await_answers(self, since: float) -> float:
        """Wait until each writer was answered twice since then.

        Returns the instant when the last of them was.
        """
        deadline = time.monotonic() + PATIENCE
        self._let_rest(since)
        while True:
            answered = [h.follow().answered_since(since) for h in self.histories]
            if all(len(times) >= ENOUGH for times in answered):
                (self._folder / CALM).unlink()
                return max(times[ENOUGH - 1] for times in answered)
            self._look_out(deadline, f"writers answered since the kill: {[len(times) for times in answered]}")

    def _let_rest(self, since: float) -> None:
        """Who is answered often enough after an instant begins nothing new."""
        unfinished = self._folder / f"{CALM}.new"
        unfinished.write_text(str(since))
        unfinished.replace(self._folder / CALM)

    def finish(self) -> list[str]:
        """Let the writers end; returns what is wrong with the books then."""
        for writer in self._writers:
            writer.let_end()
        (self._folder / STOP).touch()
        for writer in self._writers:
            writer.finish()
        return self.compare()

    def compare(self) -> list[str]:
        """Let the writers settle what they have begun, and look at the books when nothing moves."""
        self._let_rest(since=0)
        deadline = time.monotonic() + PATIENCE
        while True:
            settled = self._follow()
            if not any(h.pending for h in self.histories):
                with suppress(psycopg.OperationalError):
                    books = witness.look(self.place.owner, self.place.organisations)
                    if self._follow() == settled:
                        return [f for h in self.histories for f in h.faults] + witness.faults(books, self._sent())
            self._look_out(deadline, "the writers do not come to rest")

    def _follow(self) -> list[int]:
        return [len(h.follow().sent) for h in self.histories]

    def _look_out(self, deadline: float, waiting_for: str) -> None:
        faults = [f for h in self.histories for f in h.faults]
        if faults or time.monotonic() > deadline:
            raise Stuck(f"{waiting_for}; faults {faults[:5]}; the program said: {self.said()[-2000:]}")
        time.sleep(GLANCE)

    def _verify(self, report: Report) -> None:
        """After an orderly stop the same command brings the same books, and their seals hold."""
        with migrated_database(Settings(data=self._data)) as found:
            report.faults += witness.faults(witness.look(found.owner, self.place.organisations), self._sent())
            seal_everything(sqlalchemy_url(found.owner))
            verified = verify(found.owner)
        report.blocks, report.sealed = verified.blocks, verified.entries
        report.faults += [str(fault) for fault in verified.faults]

    def _sent(self) -> dict[str, Sent]:
        return {key: one for history in self.histories for key, one in history.sent.items()}

    # -------------------------------------------------------------------------------------------- telling

    def told(self) -> list[Counter[str]]:
        """What each writer was told instead of an answer, so far, and how often."""
        return [Counter(h.follow().unclear) for h in self.histories]

    def said(self) -> str:
        """What the program said on its output, so far."""
        return (self._folder / "web.log").read_text()

    def server(self) -> int:
        """Process id of the PostgreSQL server."""
        return int((self._data / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])

    def _count(self, report: Report) -> None:
        sent = [one for h in self.histories for one in h.sent.values()]
        saved = [one.command for one in sent if one.placed is not None]
        report.sent, report.acknowledged = len(sent), len(saved)
        report.refused = Counter(one.refused for one in sent if one.refused is not None)
        report.faults += [f"{code} refused {n} commands" for code, n in report.refused.items() if code not in REFUSED]
        report.retried = sum(one.lost > 0 for one in sent)
        report.saved_unheard = sum(one.was_saved_unheard for one in sent)
        report.entries = sum(len(c.get("entries", "s")) for c in saved if c["kind"] != "month")
        report.lost = Counter(said for h in self.histories for said in h.unclear)

    def _line(self, n: int, instant: Instant) -> str:
        sent = sum(len(h.sent) for h in self.histories)
        verdict = "; ".join(instant.faults[:3]) or "whole"
        return (
            f"{n:>4}  {instant.kind:<10} after {instant.after:.3f} s  back in {instant.back:5.2f} s"
            f"  {sent:>6} commands  {verdict}"
        )


def _require_full_durability(url: str) -> None:
    with psycopg.connect(url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}".encode()).fetchone() == ("on",), setting


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []
