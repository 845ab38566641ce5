"""Backups: what was acknowledged comes back, to the end or to an instant, or a sentence says why it cannot."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base.db import make_engine
from ledger.checks import disagreements
from ledger.model import Posting
from qazyna import backup as subject
from qazyna.backup import Backups
from qazyna.errors import StartupError
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres, temporary_data
from qazyna.settings import PROJECT
from tests.conftest import _system_bin_dir, kill_servers
from tests.factories.books import Books, some_books
from tests.factories.patience import until
from tests.qazyna.test_postgres import as_root, ask, fill, small_disk
from tests.qazyna.test_program import run

__all__ = ["small_disk"]

BOUND = 1.0  # seconds; the program's own is a minute
WRITERS = 8
HASTE = {"fsync": "off", "min_wal_size": "32MB"}


@pytest.fixture(scope="module")
def bin_dir(pytestconfig: pytest.Config) -> Path | None:
    return _system_bin_dir() if pytestconfig.getoption("--postgres") == "system" else None


def server(data: Path, bin_dir: Path | None = None) -> EmbeddedPostgres:
    """A server that only a crash of the machine would tell from the real one, with less patience."""
    return EmbeddedPostgres(data, extra={**HASTE, "archive_timeout": f"{BOUND:.0f}s"}, bin_dir=bin_dir)


@dataclass
class Diary:
    """What the writers know: when each command was sent, and when it was acknowledged."""

    sent: dict[UUID, datetime] = field(default_factory=dict)
    acknowledged: dict[UUID, datetime] = field(default_factory=dict)

    def until(self, at: datetime) -> set[UUID]:
        return {key for key, acknowledged in self.acknowledged.items() if acknowledged <= at}

    def sent_until(self, at: datetime) -> set[UUID]:
        return {key for key, sent in self.sent.items() if sent <= at}


def restore(
    folder: Path, data: Path, *, to: datetime | None = None, replace: bool = False, bin_dir: Path | None = None
) -> subject.Restored:
    return subject.restore(folder, data, to=to, replace=replace, bin_dir=bin_dir, extra=HASTE)


class Desk:
    """Eight people who post to the same accounts of one institution."""

    def __init__(self, url: str, books: Books | None = None) -> None:
        self.books = books or some_books(url, pool=WRITERS)
        self.books.engine = make_engine(url, pool=WRITERS)
        self.sides = self.books.side("1010"), self.books.side("6010")

    def post(self, diary: Diary) -> None:
        entry = self.books.entry(Posting(*self.sides, 1_00), key=uuid4())
        diary.sent[entry.key] = datetime.now(UTC)
        self.books.post(entry)
        diary.acknowledged[entry.key] = datetime.now(UTC)

    @contextmanager
    def busy(self, diary: Diary) -> Iterator[None]:
        done = threading.Event()

        def work() -> None:
            with suppress(DBAPIError):  # the server is gone
                while not done.is_set():
                    self.post(diary)

        people = [threading.Thread(target=work) for _ in range(WRITERS)]
        for person in people:
            person.start()
        try:
            yield
        finally:
            done.set()
            for person in people:
                person.join()


def work_on(diary: Diary) -> None:
    """Let the people post some more."""
    enough = len(diary.acknowledged) + 4 * WRITERS
    until(lambda: len(diary.acknowledged) >= enough)


def await_archived(postgres: EmbeddedPostgres) -> None:
    """Wait until the log of all that was done before is in the folder of backups: a segment leaves after BOUND."""
    (segment,) = ask(postgres, "SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
    left = f"SELECT last_archived_wal ~ '^[0-9A-F]{{24}}$' AND last_archived_wal >= '{segment}' FROM pg_stat_archiver"
    until(lambda: ask(postgres, left) == [True])


def a_mark() -> datetime:
    """An instant that is neither that of what was done before nor of what is done after."""
    time.sleep(0.02)
    mark = datetime.now(UTC)
    time.sleep(0.02)
    return mark


@dataclass(frozen=True)
class Past:
    """A month of work in some seconds, and the folders of backups that it left."""

    diary: Diary
    lost: Path  # as the machine was lost, with everything on it
    archived: datetime  # what was done until then was in the backups when the machine was lost
    lost_at: datetime
    stopped: Path  # as the same machine, mended, was stopped in order
    first: datetime
    quiet: datetime
    busy: datetime
    bin_dir: Path | None


@pytest.fixture(scope="module")
def past(bin_dir: Path | None) -> Iterator[Past]:
    with temporary_data() as folder:
        data, backups, lost = folder / "data", folder / "сақтық көшірмелер", folder / "жоғалған машина"
        diary = Diary()
        postgres = server(data, bin_dir)
        postgres.start()
        upgrade(postgres.url())
        desk = Desk(postgres.url())
        with desk.busy(diary):
            work_on(diary)
            first = subject.back_up(postgres, backups)
            work_on(diary)
        quiet = a_mark()
        with desk.busy(diary):
            work_on(diary)
            busy = datetime.now(UTC)
            work_on(diary)
            subject.back_up(postgres)
            archived = a_mark()
            for _ in range(3):  # pieces of the log, of which one is damaged or taken away
                await_archived(postgres)
            lost_at = datetime.now(UTC)
            kill_servers(folder)
        shutil.copytree(backups, lost)
        postgres.stop()
        with server(data, bin_dir) as mended:
            desk = Desk(mended.url(), desk.books)
            for _ in range(3):
                desk.post(diary)
            desk.books.engine.dispose()
        yield Past(diary, lost, archived, lost_at, backups, first.at, quiet, busy, bin_dir)
        kill_servers(folder)


_POSTED = text("""
    SELECT c.key, e.number
      FROM ledger_entry e LEFT JOIN ledger_command c ON (c.organisation_id, c.entry_id) = (e.organisation_id, e.id)
     ORDER BY e.number
""")


def posted(data: Path, bin_dir: Path | None) -> set[UUID]:
    """Keys of the entries in restored books, which are there once, numbered without gaps, and agree."""
    with server(data, bin_dir) as postgres:
        engine = make_engine(postgres.url(), role=None, pool=1)
        with engine.connect() as connection:
            assert connection.execute(text(disagreements(1))).all() == []
            rows = connection.execute(_POSTED).all()
        engine.dispose()
    assert [number for _, number in rows] == list(range(1, len(rows) + 1))
    keys = {key for key, _ in rows}
    assert len(keys) == len(rows)
    return keys


# ------------------------------------------------------------------------------------------------ what comes back


def test_of_a_machine_lost_for_ever_all_but_the_last_moments_come_back(past: Past, data_folder: Path) -> None:
    done = restore(past.lost, data_folder / "деректер", bin_dir=past.bin_dir)
    found = posted(data_folder / "деректер", past.bin_dir)
    assert done.entries == len(found)
    assert done.fault is None
    assert found <= set(past.diary.sent)
    assert past.diary.until(past.archived) <= found
    assert past.diary.until(past.quiet) < found


def test_after_an_orderly_stop_everything_comes_back(past: Past, data_folder: Path) -> None:
    done = restore(past.stopped, data_folder, bin_dir=past.bin_dir)
    found = posted(data_folder, past.bin_dir)
    assert set(past.diary.acknowledged) <= found <= set(past.diary.sent)
    assert past.lost_at < done.until <= max(past.diary.acknowledged.values())


def test_two_instants_come_back_in_two_places(past: Past, data_folder: Path) -> None:
    here, there = data_folder / "here", data_folder / "there"
    done = restore(past.stopped, here, to=past.quiet, bin_dir=past.bin_dir)
    assert posted(here, past.bin_dir) == past.diary.until(past.quiet) == past.diary.sent_until(past.quiet)
    assert (done.until, done.entries) == (past.quiet, len(past.diary.until(past.quiet)))
    restore(past.stopped, there, to=past.busy, bin_dir=past.bin_dir)
    assert past.diary.until(past.busy) <= posted(there, past.bin_dir) <= past.diary.sent_until(past.busy)


def test_a_base_alone_is_enough_for_its_own_instant(past: Past, data_folder: Path) -> None:
    backups = data_folder / "backups"
    shutil.copytree(past.stopped, backups)
    for piece in (backups / "wal").iterdir():
        piece.unlink()
    restore(backups, data_folder / "data", to=past.first, bin_dir=past.bin_dir)
    assert posted(data_folder / "data", past.bin_dir) <= past.diary.sent_until(past.first)


def test_restored_books_are_written_on_backed_up_and_restored_again(past: Past, data_folder: Path) -> None:
    backups, data = data_folder / "backups", data_folder / "data"
    shutil.copytree(past.stopped, backups)
    give_as(past.stopped / "wal", backups / "wal")
    diary = Diary()
    restore(backups, data, to=past.quiet, bin_dir=past.bin_dir)
    with server(data, past.bin_dir) as postgres:
        assert postgres.archive is None
        desk = Desk(postgres.url(), Books(make_engine(postgres.url()), 1, accounts(postgres)))
        subject.back_up(postgres, backups)
        desk.post(diary)
        desk.books.engine.dispose()
    restore(backups, data_folder / "again", bin_dir=past.bin_dir)
    assert posted(data_folder / "again", past.bin_dir) == past.diary.until(past.quiet) | set(diary.acknowledged)
    restore(backups, data_folder / "before", to=past.busy, bin_dir=past.bin_dir)
    assert past.diary.until(past.busy) <= posted(data_folder / "before", past.bin_dir)
    restore(backups, data_folder / "third", to=past.quiet, bin_dir=past.bin_dir)
    with server(data_folder / "third", past.bin_dir) as postgres:  # a branch that is not that of the second
        subject.back_up(postgres, data_folder / "backups of the third")
    assert Backups(data_folder / "backups of the third").bases()[-1].timeline == 3


def test_books_that_disagree_come_back_and_it_is_said(past: Past, data_folder: Path) -> None:
    restore(past.stopped, data_folder / "data", to=past.first, bin_dir=past.bin_dir)
    with server(data_folder / "data", past.bin_dir) as postgres:
        do(postgres, "SET session_replication_role = replica; UPDATE ledger_balance SET debit_tiyn = 1", "qazyna")
        subject.back_up(postgres, data_folder / "backups")
    done = restore(data_folder / "backups", data_folder / "again", bin_dir=past.bin_dir)
    assert "do not agree with their postings" in str(done.fault)
    assert (data_folder / "again" / "postgres" / "cluster").exists()


def accounts(postgres: EmbeddedPostgres) -> dict[str, int]:
    engine = make_engine(postgres.url(), role=None, pool=1)
    with engine.connect() as connection:
        found = {row.code: row.id for row in connection.execute(text("SELECT code, id FROM ledger_account"))}
    engine.dispose()
    return found


def give_as(original: Path, copy: Path) -> None:
    """Let a copied folder belong to whom the original does."""
    owner = original.stat()
    for path in (copy, *copy.iterdir()):
        os.chown(path, owner.st_uid, owner.st_gid)


# ------------------------------------------------------------------------------------------------ what is refused


def test_an_instant_that_was_not_kept_is_refused(past: Past, data_folder: Path) -> None:
    for to, sentence in {
        past.first - timedelta(seconds=1): r"begin at .*: .* is before that",
        datetime.now(UTC) + timedelta(hours=1): r"still to come",
        datetime.now(UTC): r"ends with what was done at 20.*\+05:00: leave --to out",
    }.items():
        with pytest.raises(StartupError, match=sentence):
            restore(past.stopped, data_folder, to=to, bin_dir=past.bin_dir)
        assert not (data_folder / "postgres" / "cluster").exists()
        assert not (data_folder / "postgres" / "restoring").exists()


def test_where_there_is_no_backup_is_said(data_folder: Path) -> None:
    with pytest.raises(StartupError, match=r"There is no backup in .*nowhere"):
        restore(data_folder / "nowhere", data_folder)


def test_a_damaged_base_is_refused(past: Path, data_folder: Path) -> None:
    backups, data = copied(past, data_folder)
    largest = max((Backups(backups).bases()[-1].folder / "base").rglob("*"), key=lambda path: path.stat().st_size)
    with largest.open("r+b") as file:
        file.seek(8192 + 100)
        file.write(b"altered")
    with pytest.raises(StartupError, match=rf"The copy .* is damaged \(checksum mismatch for file .*{largest.name}"):
        restore(backups, data, bin_dir=past.bin_dir)
    assert not (data / "postgres" / "cluster").exists()
    (Backups(backups).bases()[-1].folder / "backup_manifest").write_text("{}")
    with pytest.raises(StartupError, match=r"is damaged \(backup_manifest\)"):
        restore(backups, data, bin_dir=past.bin_dir)


def copied(past: Past, folder: Path) -> tuple[Path, Path]:
    shutil.copytree(past.stopped, folder / "backups")
    return folder / "backups", folder / "data"


def test_a_missing_piece_of_the_log_is_named_and_what_is_before_it_comes_back(past: Past, data_folder: Path) -> None:
    backups, data = copied(past, data_folder)
    base = Backups(backups).bases()[-1]
    pieces = Backups(backups).log(base.timeline)
    middle = pieces[base.last_segment + 2]
    middle.unlink()
    sentence = f"The piece {middle.stem} of the log is missing in .*: only an instant before it"
    for to in (None, past.lost_at):
        with pytest.raises(StartupError, match=sentence):
            restore(backups, data, to=to, bin_dir=past.bin_dir)
    before = min(at for at in past.diary.acknowledged.values() if at > base.at)
    restore(backups, data, to=before, bin_dir=past.bin_dir)
    assert past.diary.until(before) <= posted(data, past.bin_dir) <= past.diary.sent_until(before)


@pytest.mark.parametrize("by", ["altered", "another in its place"])
def test_a_damaged_piece_of_the_log_is_named(past: Past, data_folder: Path, by: str) -> None:
    backups, data = copied(past, data_folder)
    base = Backups(backups).bases()[-1]
    pieces = Backups(backups).log(base.timeline)
    middle = pieces[base.last_segment + 2]
    middle.write_bytes(middle.read_bytes()[:-100] if by == "altered" else pieces[base.last_segment].read_bytes())
    with pytest.raises(StartupError, match=f"The piece {middle.stem} of the log in .* is damaged"):
        restore(backups, data, bin_dir=past.bin_dir)
    assert not (data / "postgres" / "cluster").exists()


def test_a_database_that_is_there_is_moved_aside_when_asked_and_never_removed(past: Past, data_folder: Path) -> None:
    restore(past.stopped, data_folder, to=past.first, bin_dir=past.bin_dir)
    few = posted(data_folder, past.bin_dir)
    with pytest.raises(StartupError, match=r"There is a database in .*: --replace moves it aside"):
        restore(past.stopped, data_folder, bin_dir=past.bin_dir)
    with server(data_folder, past.bin_dir), pytest.raises(StartupError, match=r"is used by another running command"):
        restore(past.stopped, data_folder, replace=True, bin_dir=past.bin_dir)
    done = restore(past.stopped, data_folder, replace=True, bin_dir=past.bin_dir)
    assert few < posted(data_folder, past.bin_dir)
    assert done.aside is not None
    (data_folder / "postgres" / "cluster").rename(data_folder / "postgres" / "other")
    done.aside.rename(data_folder / "postgres" / "cluster")
    assert posted(data_folder, past.bin_dir) == few


def test_a_backup_of_another_version_of_postgresql_is_refused(past: Past, data_folder: Path) -> None:
    backups, data = copied(past, data_folder)
    (Backups(backups).bases()[-1].folder / "PG_VERSION").write_text("14\n")
    with pytest.raises(StartupError, match=r"The backup is of PostgreSQL 14, but this program brings PostgreSQL 1\d"):
        restore(backups, data, bin_dir=past.bin_dir)


# ------------------------------------------------------------------------------------------------ killed, full, gone


@pytest.fixture
def small(data_folder: Path, bin_dir: Path | None) -> Iterator[EmbeddedPostgres]:
    """A running server without any books."""
    with server(data_folder / "data", bin_dir) as postgres:
        yield postgres


def command(*arguments: str | Path, data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "qazyna", *arguments],
        cwd=PROJECT,
        env=os.environ | {"QAZYNA_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_killed_backup_leaves_nothing_that_looks_whole(small: EmbeddedPostgres, data_folder: Path) -> None:
    folder = data_folder / "backups"
    killed = command("backup", folder, data=data_folder / "data")
    while not list(folder.glob("base/unfinished-*/base")):
        assert killed.poll() is None
        time.sleep(0.001)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert Backups(folder).bases() == []
    with pytest.raises(StartupError, match=r"There is no backup in"):
        restore(folder, data_folder / "other")
    base = subject.back_up(small, folder)
    assert [path.name for path in (folder / "base").iterdir()] == [base.folder.name]


def test_a_killed_restore_is_no_empty_database_and_is_begun_again(past: Past, data_folder: Path) -> None:
    if past.bin_dir is not None:
        pytest.skip("the command line has the embedded server only")
    killed = command("restore", past.stopped, data=data_folder)
    while not list(data_folder.glob("postgres/restoring/postgres/server.log")):
        assert killed.poll() is None
        time.sleep(0.001)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    with pytest.raises(StartupError, match=r"A restore into .* was broken off: run qazyna restore again"):
        server(data_folder).start()
    restore(past.stopped, data_folder)
    assert set(past.diary.acknowledged) <= posted(data_folder, None)


def test_only_the_bases_to_keep_and_their_log_are_kept(small: EmbeddedPostgres, data_folder: Path) -> None:
    folder = data_folder / "backups"
    made = [subject.back_up(small, folder), *(subject.back_up(small, keep=2) for _ in range(2))]
    backups = Backups(folder)
    assert backups.bases() == made[-2:]
    assert min(backups.log(1)) == made[-2].first_segment
    assert len(list(backups.wal.glob("*.backup.gz"))) == 2
    assert [backups.missing(base) for base in backups.bases()] == [None, None]
    restore(folder, data_folder / "other", to=made[-2].at, bin_dir=small.bin_dir)


def test_while_the_folder_is_away_the_status_says_so_and_nothing_is_missing_afterwards(
    small: EmbeddedPostgres, data_folder: Path
) -> None:
    assert not subject.status(small).is_good
    base = subject.back_up(small, data_folder / "backups")
    good = subject.status(small)
    assert (good.is_good, good.newest, good.bases) == (True, base, 1)
    (data_folder / "backups").rename(data_folder / "away")
    switch(small)
    until(lambda: subject.status(small).waiting_bytes > 0)
    assert not subject.status(small).is_good
    (data_folder / "away").rename(data_folder / "backups")
    switch(small)
    until(lambda: subject.status(small).is_good and subject.status(small).waiting_bytes == 0)
    assert Backups(data_folder / "backups").missing(base) is None


def switch(postgres: EmbeddedPostgres) -> None:
    """End a segment of the log with something in it."""
    do(postgres, "SELECT pg_logical_emit_message(false, 'test', ''), pg_switch_wal()")


def do(postgres: EmbeddedPostgres, statement: str, database: str = "postgres") -> None:
    with psycopg.connect(postgres.url(database)) as connection:
        connection.execute(statement.encode())


def test_a_folder_with_backups_of_another_database_is_refused(
    past: Past, small: EmbeddedPostgres, data_folder: Path
) -> None:
    backups, _ = copied(past, data_folder)
    with pytest.raises(StartupError, match=r"holds backups of another database"):
        subject.back_up(small, backups)
    assert small.archive is None


def test_without_a_folder_the_one_before_is_meant(small: EmbeddedPostgres) -> None:
    with pytest.raises(StartupError, match=r"No folder for backups has been named yet: qazyna backup FOLDER names it"):
        subject.back_up(small)


def test_a_full_disk_is_one_sentence_and_leaves_no_half_copy(small: EmbeddedPostgres, small_disk: Path) -> None:
    fill(small_disk, leave_kib=8_000)
    with pytest.raises(StartupError, match=f"The disk with {small_disk}.* is full"):
        subject.back_up(small, small_disk / "backups")
    assert list((small_disk / "backups" / "base").iterdir()) == []
    assert small.archive is None


def test_a_restore_onto_a_full_disk_is_one_sentence_and_leaves_it_as_it_was(past: Past, small_disk: Path) -> None:
    fill(small_disk, leave_kib=40_000)
    free = shutil.disk_usage(small_disk).free
    with pytest.raises(StartupError, match=f"The disk with {small_disk}.* is full"):
        restore(past.stopped, small_disk / "data", bin_dir=past.bin_dir)
    assert shutil.disk_usage(small_disk).free > free - (1 << 20)


@as_root
def test_the_servers_account_gets_the_log_folder_only_and_a_closed_one_is_refused(
    small: EmbeddedPostgres, data_folder: Path
) -> None:
    base = subject.back_up(small, data_folder / "backups")
    assert base.folder.stat().st_uid == 0
    assert (data_folder / "backups" / "wal").stat().st_uid == small.account.uid != 0
    closed = data_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StartupError, match=r"runs as \w+, who cannot write to .*closed/backups/wal"):
        subject.back_up(small, closed / "backups")
    assert small.archive == data_folder / "backups" / "wal"


# ------------------------------------------------------------------------------------------------ by other ways


def test_an_external_server_is_copied_and_its_log_is_not_promised(small: EmbeddedPostgres, data_folder: Path) -> None:
    url, folder = small.url("postgres"), data_folder / "of the external"
    first, archives = subject.back_up_external(url, folder)
    second, _ = subject.back_up_external(url, folder, keep=1)
    assert archives
    assert Backups(folder).bases() == [second] != [first]
    with pytest.raises(StartupError, match=r"are of an external server: its administrator restores it"):
        restore(folder, data_folder / "other")
    do(small, "CREATE ROLE qazyna_app LOGIN")
    with pytest.raises(StartupError, match=r"could not be copied: .*no pg_hba.conf entry for replication"):
        subject.back_up_external(small.url("postgres", user="qazyna_app"), data_folder / "third")


def test_the_command_line_backs_up_tells_and_restores(data_folder: Path) -> None:
    data, folder, elsewhere = (str(data_folder / name) for name in ("дерек", "көшірме бар", "басқа жер"))
    assert "There is no database in" in run("backup", folder, QAZYNA_DATA=data).stderr
    assert run("migrate", QAZYNA_DATA=data).returncode == 0
    none = run("backup", "--status", QAZYNA_DATA=data)
    assert (none.returncode, none.stderr) == (1, "There are no backups: qazyna backup FOLDER begins them.\n")
    made = run("backup", folder, QAZYNA_DATA=data)
    assert (made.returncode, made.stderr) == (0, "")
    assert "Copied and verified: " in made.stdout
    assert "copies 1" in run("backup", "--status", QAZYNA_DATA=data).stdout
    done = run("restore", folder, "--into", elsewhere, QAZYNA_DATA=data)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 entries, and the books agree." in done.stdout
    refused = run("restore", folder, "--to", "yesterday", "--into", elsewhere, QAZYNA_DATA=data)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert refused.stderr.startswith("yesterday is no instant")
