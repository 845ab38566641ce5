"""What has landed does not change: a database that ran a migration would otherwise differ from one made later."""

from hashlib import sha256

from tests.migrations.test_upgrade import VERSIONS

FROZEN = VERSIONS / "frozen.txt"


def test_landed_migrations_are_as_they_landed() -> None:
    """``sha256sum migrations/versions/[0-9]*_*.*`` makes the list; a change is a new migration."""
    landed = dict(reversed(line.split("  ")) for line in FROZEN.read_text(encoding="utf-8").splitlines())
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in VERSIONS.glob("0*_*.*")}
    assert {name: found.get(name) for name in landed} == landed
