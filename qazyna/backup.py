"""Backups: copies of the whole database, and its write-ahead log after them, restored to any instant since.

A folder of backups::

    base/20261122T051500.123456Z/   the database as it was at that instant (UTC); enough by itself
    wal/                            the log since the first base: a file for 16 MiB of it, or for a minute of work

A base gets its name when it is written, verified and its log is kept, so what
has a name is whole. One file of the log follows another: a missing one is
noticed by its number, a damaged one by its checksum, a damaged base by its
manifest. The folder of an external server's backups has no ``wal``: its log
is its administrator's.
"""

from __future__ import annotations

import errno
import fcntl
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from erp.base.clock import LOCAL_TIME
from erp.base.i18n import N_
from ledger.verify import Fault, verify
from qazyna.errors import StartupError
from qazyna.migrate import is_current
from qazyna.postgres import (
    ARCHIVE_COMMAND,
    FROM_SOURCE,
    RESTORING,
    Account,
    EmbeddedPostgres,
    disk_full,
    embedded_programs,
    is_full,
    make_folder,
    open_private,
    sync_folder,
)

BOUND_SECONDS: Final = 60  # of acknowledged work, the most that goes with a machine lost for ever

_NAME = "%Y%m%dT%H%M%S.%fZ"
_UNFINISHED = "unfinished-"
_SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})000000([0-9A-F]{2})\.gz")
_LABEL = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})000000([0-9A-F]{2})\.[0-9A-F]{8}\.backup\.gz")
_SEGMENT_BYTES = 16 << 20
_TRIES = 3  # of the server to get a file of the log to its place, before that is given up
_PATIENCE = 120.0  # seconds for the log of a new base to be kept
_GLANCE = 0.05
_STALE = 3600.0  # seconds after which a file half written to the log is nobody's
_LAST_COMMIT = re.compile(r"last completed transaction was at log time (\S+ \S+)")


class Phase(Enum):
    """What a backup or a restore is doing."""

    COPYING = N_("copying the database")
    VERIFYING = N_("comparing the copy with its checksums")
    ARCHIVING = N_("waiting until its log is kept")
    RECOVERING = N_("applying the log")
    CHECKING = N_("checking the books")


Show = Callable[[Phase], None]


@dataclass(frozen=True)
class Base:
    """A whole copy of the database; ``at`` is the first instant that can be restored from it."""

    folder: Path
    at: datetime

    @cached_property
    def _log(self) -> tuple[int, int, int]:
        """Timeline, first and last segment of the log that the copy itself needs."""
        try:
            manifest = json.loads((self.folder / "backup_manifest").read_bytes())
            (span,) = manifest["WAL-Ranges"]
            return int(span["Timeline"]), _segment_of(span["Start-LSN"]), _segment_of(span["End-LSN"], -1)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(self, "backup_manifest") from error

    @property
    def timeline(self) -> int:
        return self._log[0]

    @property
    def first_segment(self) -> int:
        return self._log[1]

    @property
    def last_segment(self) -> int:
        return self._log[2]

    @property
    def system(self) -> int:
        """What PostgreSQL calls this database and its copies by."""
        try:
            return int.from_bytes((self.folder / "global" / "pg_control").read_bytes()[:8], sys.byteorder)
        except OSError as error:
            raise _damaged(self, "global/pg_control") from error

    @property
    def major(self) -> int:
        """Version of PostgreSQL that can read it."""
        try:
            return int((self.folder / "PG_VERSION").read_text())
        except (OSError, ValueError) as error:
            raise _damaged(self, "PG_VERSION") from error


@dataclass(frozen=True)
class Backups:
    """A folder of backups."""

    folder: Path

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def wal(self) -> Path:
        return self.folder / "wal"

    def bases(self) -> list[Base]:
        """Whole bases, oldest first."""
        found = []
        for folder in self.base.iterdir() if self.base.is_dir() else ():
            with suppress(ValueError):  # not one of ours, or not finished
                found.append(Base(folder, datetime.strptime(folder.name, _NAME).replace(tzinfo=UTC)))
        return sorted(found, key=lambda base: base.at)

    def log(self, timeline: int) -> dict[int, Path]:
        """Files of the log that are kept, by number of segment."""
        found = {}
        for path in self.wal.iterdir() if self.wal.is_dir() else ():
            name = _SEGMENT.fullmatch(path.name)
            if name and int(name[1], 16) == timeline:
                found[_number(name)] = path
        return found

    def missing(self, base: Base) -> str | None:
        """Name of the first segment after a base that is not there although later ones are."""
        kept = self.log(base.timeline)
        for number in range(base.last_segment, max(kept, default=base.last_segment) + 1):
            if number not in kept:
                return _segment_name(base.timeline, number)
        return None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One backup at a time; what killed ones left is cleared away."""
        make_folder(self.folder)
        lock = open_private(self.folder / "backup.lock")
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StartupError(
                    N_("Another backup into {folder} is at work: wait until it ends."), folder=self.folder
                ) from None
            self.base.mkdir(mode=0o700, exist_ok=True)
            for leftover in self.base.glob(f"{_UNFINISHED}*"):
                _kill_writers(leftover)
                shutil.rmtree(leftover, ignore_errors=True)
            for leftover in self.wal.glob(".0*"):
                with suppress(FileNotFoundError):
                    if leftover.stat().st_mtime < time.time() - _STALE:
                        leftover.unlink()
            yield
        finally:
            os.close(lock)

    def take(
        self, programs: Path, address: str, *, ready: Callable[[Base], None], show: Show, secrets: Mapping[str, str]
    ) -> Base:
        """Copy a running database, verify the copy, have ``ready`` called, and only then give it its name."""
        copy = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.base))
        try:
            show(Phase.COPYING)
            made = _run(
                programs / "pg_basebackup",
                f"--dbname={address}",
                f"--pgdata={copy}",
                "--checkpoint=fast",
                "--wal-method=stream",
                "--manifest-checksums=SHA256",
                "--label=qazyna",
                "--no-password",
                secrets=secrets,
            )
            if made is not None:
                if is_full(copy, made):
                    raise disk_full(self.folder)
                raise StartupError(N_("The database could not be copied: {reason}"), reason=made)
            show(Phase.VERIFYING)
            unfinished = Base(copy, datetime.now(UTC))
            _require_sound(programs, unfinished)
            ready(unfinished)
            base = Base(self.base / unfinished.at.strftime(_NAME), unfinished.at)
            copy.rename(base.folder)
            sync_folder(self.base)
        finally:
            shutil.rmtree(copy, ignore_errors=True)
        return base

    def keep(self, number: int) -> None:
        """Remove all bases but the newest, and what of the log only they needed."""
        bases = self.bases()
        for base in bases[:-number]:
            doomed = base.folder.rename(self.base / f"{_UNFINISHED}{base.folder.name}")
            sync_folder(self.base)
            shutil.rmtree(doomed)
        needed = min(base.first_segment for base in bases[-number:])
        for path in self.wal.iterdir() if self.wal.is_dir() else ():
            name = _SEGMENT.fullmatch(path.name) or _LABEL.fullmatch(path.name)
            if name and _number(name) < needed:
                path.unlink()

    def base_for(self, to: datetime | None) -> Base:
        """The newest base that is not later than an instant."""
        bases = self.bases()
        if not bases:
            raise StartupError(N_("There is no backup in {folder}."), folder=self.folder)
        if to is None:
            return bases[-1]
        if to < bases[0].at:
            raise StartupError(
                N_("The backups in {folder} begin at {first}: {to} is before that."),
                folder=self.folder,
                first=_said(bases[0].at),
                to=_said(to),
            )
        return [base for base in bases if base.at <= to][-1]


# ------------------------------------------------------------------------------------------------ backup


@contextmanager
def books(data: Path) -> Iterator[EmbeddedPostgres]:
    """The embedded server of a data folder that has a database, as it is.

    Raises: StartupError, when there is none.
    """
    if not (data / "postgres" / "cluster").exists():
        raise StartupError(N_("There is no database in {folder}."), folder=data)
    with EmbeddedPostgres(data) as postgres:
        yield postgres


def instant(text: str | None) -> datetime | None:
    """An instant as a person writes it, in the country's time unless it says which.

    Raises: StartupError.
    """
    try:
        at = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise StartupError(
            N_("{found} is no instant: one like 2026-11-22T10:15:00+05:00 is expected."), found=text
        ) from None
    return at.replace(tzinfo=LOCAL_TIME) if at is not None and at.tzinfo is None else at


def back_up(
    postgres: EmbeddedPostgres, folder: Path | None = None, *, keep: int | None = None, show: Show = lambda phase: None
) -> Base:
    """Copy the running embedded database, and keep its log there from now on.

    Args:
        folder: where backups are kept; None: where they were kept before.
        keep: number of bases to leave; None: all.

    Raises: StartupError.
    """
    before = postgres.archive
    if folder is None:
        if before is None:
            raise StartupError(N_("No folder for backups has been named yet: qazyna backup FOLDER names it."))
        folder = before.parent
    backups = Backups(folder.absolute())
    if backups.folder.resolve().is_relative_to(postgres.home):
        raise StartupError(N_("The folder {folder} is the database's own: backups need another."), folder=folder)
    with _said_plainly(backups.folder), backups.alone():
        _refuse_another_way_of_archiving(postgres)
        _refuse_another_database(postgres, backups)
        _give_log_folder(backups, postgres.account)
        _keep_history(postgres, backups)
        _bound_loss(postgres)
        postgres.set_archive(backups.wal)
        try:
            base = backups.take(
                postgres.bin_dir,
                postgres.url("postgres"),
                ready=lambda base: _wait_for_log(postgres, backups, base, show),
                show=show,
                secrets={},
            )
        except BaseException:
            postgres.set_archive(before)  # without a base the log here is of no use, and would fill the disk
            if before is not None and before != backups.wal:
                _give_back(backups.wal, before)
            raise
        if keep is not None:
            backups.keep(keep)
    return base


def _give_back(wal: Path, before: Path) -> None:
    """Pieces of the log that went to the new folder in the meantime, to the folder that is followed again."""
    for piece in sorted(wal.iterdir()):
        if not (before / piece.name).exists():
            unfinished = before / f".{piece.name}.back"
            shutil.copy2(piece, unfinished)
            with unfinished.open("rb") as copied:
                os.fsync(copied.fileno())
            unfinished.replace(before / piece.name)
    sync_folder(before)


def back_up_external(
    url: str, folder: Path, *, keep: int | None = None, show: Show = lambda phase: None
) -> tuple[Base, bool]:
    """Copy an external server whose login may replicate; tells also whether it keeps its log by itself.

    Raises: StartupError.
    """
    backups = Backups(folder.absolute())
    try:
        number, system, archives = _ask(
            url,
            "SELECT current_setting('server_version_num')::int, system_identifier::text,"
            " current_setting('archive_mode') <> 'off' FROM pg_control_system()",
        )
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise StartupError(
            N_("The database that QAZYNA_DATABASE_URL names cannot be reached: {reason}"), reason=reason
        ) from error
    programs = _programs(number // 10_000)
    options = conninfo_to_dict(url)
    secrets = {"PGPASSWORD": str(options.pop("password"))} if "password" in options else {}
    with _said_plainly(backups.folder), backups.alone():
        _refuse_stranger(backups, int(system))
        if backups.wal.exists():
            raise _stranger(backups)
        base = backups.take(programs, make_conninfo("", **options), ready=lambda base: None, show=show, secrets=secrets)
        if keep is not None:
            backups.keep(keep)
    return base, bool(archives)


def _refuse_another_way_of_archiving(postgres: EmbeddedPostgres) -> None:
    mode, command = _ask(
        postgres.url("postgres"), "SELECT current_setting('archive_mode'), current_setting('archive_command')"
    )
    if (mode, command) != ("on", ARCHIVE_COMMAND):
        raise StartupError(
            N_(
                "The running database does not keep its log as this program would: stop every command that uses it,"
                " and undo ALTER SYSTEM SET archive_mode or archive_command if that was done."
            )
        )


def _refuse_another_database(postgres: EmbeddedPostgres, backups: Backups) -> None:
    system, timeline = _ask(
        postgres.url("postgres"),
        "SELECT s.system_identifier::text, c.timeline_id FROM pg_control_system() s, pg_control_checkpoint() c",
    )
    newest = _refuse_stranger(backups, int(system))
    if newest is not None and newest.timeline > timeline:
        raise _stranger(backups)


def _refuse_stranger(backups: Backups, system: int) -> Base | None:
    newest = max(backups.bases(), key=lambda base: base.at, default=None)
    if newest is not None and newest.system != system:
        raise _stranger(backups)
    return newest


def _stranger(backups: Backups) -> StartupError:
    return StartupError(
        N_("The folder {folder} holds backups of another database, or of another copy of this one: choose another."),
        folder=backups.folder,
    )


def _give_log_folder(backups: Backups, account: Account) -> None:
    """A place that the server itself can write to."""
    if not backups.wal.exists():
        backups.wal.mkdir(mode=0o700)
        account.give(backups.wal)
        sync_folder(backups.folder)
    if not account.manages("/bin/sh", "-c", 'cd -- "$1" && test -w .', "sh", backups.wal):
        raise StartupError(
            N_("The database server runs as {account}, who cannot write to {folder}: open it, or the folders above."),
            account=account.name,
            folder=backups.wal,
        )


def _keep_history(postgres: EmbeddedPostgres, backups: Backups) -> None:
    """Which restores this database has gone through: the next one needs a number that none of them has."""
    for history in (postgres.home / "cluster" / "pg_wal").glob("*.history"):
        kept = backups.wal / f"{history.name}.gz"
        if not kept.exists():
            new = kept.with_name(f".{history.name}")
            with new.open("wb") as file:
                file.write(gzip.compress(history.read_bytes(), mtime=0))
                file.flush()
                os.fsync(file.fileno())
            postgres.account.give(new)
            new.rename(kept)
            sync_folder(backups.wal)
        elif gzip.decompress(kept.read_bytes()) != history.read_bytes():
            raise _stranger(backups)


def _bound_loss(postgres: EmbeddedPostgres) -> None:
    """Segments that are not full are kept too, after a while; an administrator's own number stays."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        row = connection.execute("SELECT current_setting('archive_timeout')").fetchone()
        if row == ("0",):
            connection.execute(f"ALTER SYSTEM SET archive_timeout = {BOUND_SECONDS}")
            connection.execute("SELECT pg_reload_conf()")


def _wait_for_log(postgres: EmbeddedPostgres, backups: Backups, base: Base, show: Show) -> None:
    """The server has ended the segment in which the copy became whole, and copies it now."""
    show(Phase.ARCHIVING)
    awaited = backups.wal / (_segment_name(base.timeline, base.last_segment) + ".gz")
    failures = "SELECT failed_count FROM pg_stat_archiver"
    (before,) = _ask(postgres.url("postgres"), failures)
    deadline = time.monotonic() + _PATIENCE
    while not awaited.exists():
        (failed,) = _ask(postgres.url("postgres"), failures)
        if failed - before >= _TRIES or time.monotonic() > deadline:
            if is_full(backups.wal, ""):
                raise disk_full(backups.folder)
            raise StartupError(
                N_("The database does not get its log into {folder}: its own log, {log}, says why."),
                folder=backups.wal,
                log=postgres.home / "server.log",
            )
        time.sleep(_GLANCE)


# ------------------------------------------------------------------------------------------------ how it stands


@dataclass(frozen=True)
class Status:
    """How the backups of an embedded database stand."""

    folder: Path | None
    newest: Base | None
    bases: int
    archived_at: datetime | None
    failing_since: datetime | None
    waiting_bytes: int

    @property
    def is_good(self) -> bool:
        return self.newest is not None and self.failing_since is None


def status(postgres: EmbeddedPostgres) -> Status:
    """Where the running server's backups are, and whether its log gets there."""
    archived_at, failed_at, waiting = _ask(
        postgres.url("postgres"),
        "SELECT last_archived_time, last_failed_time,"
        " (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') FROM pg_stat_archiver",
    )
    if postgres.archive is None:
        return Status(None, None, 0, None, None, 0)
    backups = Backups(postgres.archive.parent)
    with _said_plainly(backups.folder):
        bases = backups.bases()
    failing = failed_at is not None and (archived_at is None or failed_at > archived_at)
    if not failing and not backups.wal.is_dir():
        failing, failed_at = True, datetime.now(UTC)
    return Status(
        backups.folder,
        bases[-1] if bases else None,
        len(bases),
        archived_at,
        failed_at if failing else None,
        waiting * _SEGMENT_BYTES,
    )


# ------------------------------------------------------------------------------------------------ restore


@dataclass(frozen=True)
class Restored:
    """What came back; ``fault`` is the first thing in which the books disagree, with their postings or their seals."""

    until: datetime
    entries: int | None  # None: the books are of another version of the program, and were not looked into
    fault: Fault | None
    aside: Path | None


def restore(
    folder: Path,
    data: Path,
    *,
    to: datetime | None = None,
    replace: bool = False,
    bin_dir: Path | None = None,
    extra: Mapping[str, str] | None = None,
    show: Show = lambda phase: None,
) -> Restored:
    """Bring the database back as it was at an instant, or as far as its log goes.

    It is made, recovered and looked into beside its place; what is in the
    place now is moved aside only then, and never removed. ``bin_dir`` and
    ``extra`` are those of :class:`EmbeddedPostgres`.

    Raises: StartupError, with the place as it was.
    """
    backups = Backups(folder.absolute())
    base = backups.base_for(to)
    if not backups.wal.is_dir():
        raise StartupError(
            N_("The backups in {folder} are of an external server: its administrator restores it, as the guide says."),
            folder=backups.folder,
        )
    if to is not None and to > datetime.now(UTC):
        raise StartupError(N_("{to} is still to come: only the past can be restored."), to=_said(to))
    if to is None and (gap := backups.missing(base)) is not None:
        raise _missing(backups, base, gap)
    target = EmbeddedPostgres(data, bin_dir=bin_dir)
    with target.at_rest():
        cluster, place = target.home / "cluster", target.home / RESTORING
        if cluster.exists() and not replace:
            raise StartupError(
                N_("There is a database in {folder}: --replace moves it aside, --into restores elsewhere."),
                folder=data,
            )
        if base.major != target.major():
            raise StartupError(
                N_("The backup is of PostgreSQL {found}, but this program brings PostgreSQL {expected}."),
                found=base.major,
                expected=target.major(),
            )
        recovering = EmbeddedPostgres(place, bin_dir=bin_dir, extra={**(extra or {}), **_recovery(base, to)})
        _clear(place, recovering)
        try:
            found = _recover(backups, base, to, target, place, recovering, show)
            aside = target.home / f"replaced-{datetime.now(UTC).strftime(_NAME)}" if cluster.exists() else None
            if aside is not None:
                cluster.rename(aside)
            (place / "postgres" / "cluster").rename(cluster)
            sync_folder(target.home)
            target.set_archive(None)  # its history is another from here on, and begins with a base of its own
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return Restored(found.until, found.entries, found.fault, aside)


def _clear(place: Path, server: EmbeddedPostgres) -> None:
    """Remove what a killed restore left, its server first."""
    if place.exists():
        with server.at_rest():
            pass
        shutil.rmtree(place)


def _recover(
    backups: Backups,
    base: Base,
    to: datetime | None,
    target: EmbeddedPostgres,
    place: Path,
    recovering: EmbeddedPostgres,
    show: Show,
) -> Restored:
    cluster, source = place / "postgres" / "cluster", place / "postgres" / "source"
    make_folder(place / "postgres")
    show(Phase.COPYING)
    needed = [path for segment, path in backups.log(base.timeline).items() if segment >= base.first_segment]
    _copy(sorted(base.folder.rglob("*")), base.folder, cluster, target.account)
    _copy([*needed, *backups.wal.glob("*.history.gz")], backups.wal, source, target.account)
    show(Phase.VERIFYING)
    _require_sound(target.bin_dir, Base(cluster, base.at), said_of=base)
    (cluster / "recovery.signal").touch()
    target.account.give(cluster / "recovery.signal")
    show(Phase.RECOVERING)
    try:
        with recovering:
            _require_whole_log(backups, base, to, cluster)
            show(Phase.CHECKING)
            return _looked_into(recovering.url(), base, to)
    except StartupError as refusal:
        raise _explained(refusal, place / "postgres" / "server.log", backups, base, target) from refusal


def _copy(paths: Iterable[Path], above: Path, into: Path, account: Account) -> None:
    """Copy what lies below a folder, each folder before what is in it, for the account's own use."""
    into.mkdir(mode=0o700)
    account.give(into)
    for path in paths:
        copy = into / path.relative_to(above)
        if path.is_dir():
            copy.mkdir(mode=0o700)
        else:
            shutil.copyfile(path, copy)
            copy.chmod(0o600)
        account.give(copy)


def _recovery(base: Base, to: datetime | None) -> dict[str, str]:
    """Settings of a server that applies the log, up to an instant or to the end, and then opens."""
    if to is None:
        until = {}
    elif to == base.at:
        until = {"recovery_target": "immediate"}  # the copy by itself, also where nothing was ever done after it
    else:
        until = {"recovery_target_time": to.isoformat()}
    return {
        "restore_command": FROM_SOURCE,
        "recovery_target_timeline": "current",
        "recovery_target_action": "promote",
        "hot_standby": "off",  # nobody is let in before the end
        **until,
    }


def _explained(
    refusal: StartupError, log: Path, backups: Backups, base: Base, target: EmbeddedPostgres
) -> StartupError:
    reason = str(refusal.fields.get("reason", ""))
    if "before configured recovery target" in reason:
        if (gap := backups.missing(base)) is not None:
            return _missing(backups, base, gap)
        commits = _LAST_COMMIT.findall(log.read_text(errors="replace"))
        last = datetime.fromisoformat(commits[-1]).replace(tzinfo=UTC) if commits else base.at
        return StartupError(
            N_("The log in {folder} ends with what was done at {last}: leave --to out to restore up to there."),
            folder=backups.wal,
            last=_said(last),
        )
    if damaged := re.search(r'could not restore file "(\w+)"', reason):
        return _damaged_piece(backups, damaged[1])
    if not reason:
        return refusal
    told = target.home / "restore.log"
    log.replace(told)
    return StartupError(
        N_("The database could not be recovered: {reason} (its log is {log})."), reason=reason, log=told
    )


def _require_whole_log(backups: Backups, base: Base, to: datetime | None, cluster: Path) -> None:
    """A server takes what it cannot read for the end of its log; where the end is, the numbers tell."""
    if to is not None:
        return  # it got there, or would have said so
    ended = max((cluster / "pg_wal").glob("*.history")).read_text().splitlines()[-1].split("\t")[1]
    if _segment_of(ended, -1) < max(backups.log(base.timeline)):
        raise _damaged_piece(backups, _segment_name(base.timeline, _segment_of(ended)))


def _looked_into(url: str, base: Base, to: datetime | None) -> Restored:
    (until,) = _ask(url, "SELECT pg_last_xact_replay_timestamp()")
    until = to or until or base.at
    if not is_current(url):
        return Restored(until, None, None, None)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")  # the copy may be older than the first statistics, and the checks slow without
    (entries,) = _ask(url, "SELECT count(*) FROM ledger_entry")
    return Restored(until, entries, verify(url).first, None)


# ------------------------------------------------------------------------------------------------ common


def _require_sound(programs: Path, base: Base, *, said_of: Base | None = None) -> None:
    """Compare a copy with the checksums in its manifest."""
    told = _run(programs / "pg_verifybackup", "--quiet", "--exit-on-error", str(base.folder))
    if told is not None:
        raise _damaged(said_of or base, told.removeprefix("pg_verifybackup: error: "))


def _damaged(base: Base, reason: str) -> StartupError:
    return StartupError(
        N_("The copy {base} is damaged ({reason}): move it away, and the one before it is used."),
        base=base.folder,
        reason=reason,
    )


def _damaged_piece(backups: Backups, segment: str) -> StartupError:
    return StartupError(
        N_("The piece {segment} of the log in {folder} is damaged: only an instant before it can be restored, --to."),
        segment=segment,
        folder=backups.wal,
    )


def _missing(backups: Backups, base: Base, segment: str) -> StartupError:
    return StartupError(
        N_(
            "The piece {segment} of the log is missing in {folder}: only an instant before it can be restored,"
            " the earliest being --to {at}."
        ),
        segment=segment,
        folder=backups.wal,
        at=_said(base.at),
    )


def _run(program: Path, *arguments: str, secrets: Mapping[str, str] | None = None) -> str | None:
    """Run a program of PostgreSQL; returns its last words if it failed.

    Nothing of our environment goes with it: PG* variables would change what it does.
    """
    done = subprocess.run(
        [program, *arguments],
        env={"PATH": os.defpath, "HOME": str(Path.home()), "LC_ALL": "C.UTF-8", "TZ": "UTC", **(secrets or {})},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        start_new_session=True,  # out of reach of the terminal's Ctrl-C: we end it ourselves
    )
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.decode(errors="replace").splitlines() if "error:" in line]
    return lines[0] if lines else f"{program.name}: {done.returncode}"


def _kill_writers(copy: Path) -> None:
    """End the programs that go on with a copy after the command that began it was killed."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "pg_basebackup" and f"--pgdata={copy}" in process.cmdline():
                process.kill()
                process.wait(_PATIENCE)


def _programs(major: int) -> Path:
    """Where the programs of a version of PostgreSQL are on this machine."""
    places = [Path(f"/usr/lib/postgresql/{major}/bin")]
    if found := shutil.which("pg_basebackup"):
        places.append(Path(found).resolve().parent)
    if (embedded := embedded_programs()) is not None:
        places.append(embedded)
    for place in places:
        with suppress(OSError):
            told = subprocess.run([place / "pg_basebackup", "--version"], capture_output=True, check=True, text=True)
            if told.stdout.split()[2].partition(".")[0] == str(major):
                return place
    raise StartupError(
        N_("The server is PostgreSQL {major}, whose pg_basebackup is not on this machine: install its client."),
        major=major,
    )


def _ask(url: str, query: str) -> Sequence[Any]:
    """The one row that a query answers with."""
    with psycopg.connect(url, autocommit=True) as connection:
        row: Sequence[Any] | None = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row


@contextmanager
def _said_plainly(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(folder) from error
        raise StartupError(
            N_("The folder {folder} cannot be used for backups: {reason}."),
            folder=folder,
            reason=f"{error.strerror}, {error.filename}" if error.filename else error,
        ) from error


def _said(at: datetime) -> str:
    """An instant in the country's time, as ``--to`` takes it."""
    return at.astimezone(LOCAL_TIME).isoformat()


def _number(name: re.Match[str]) -> int:
    return int(name[2], 16) << 8 | int(name[3], 16)


def _segment_of(position: str, shift: int = 0) -> int:
    """Number of the segment with a byte of the log, like ``0/2000028``, or with the one ``shift`` from it."""
    high, low = position.split("/")
    return ((int(high, 16) << 32 | int(low, 16)) + shift) // _SEGMENT_BYTES


def _segment_name(timeline: int, number: int) -> str:
    return f"{timeline:08X}{number >> 8:08X}{number & 0xFF:08X}"
