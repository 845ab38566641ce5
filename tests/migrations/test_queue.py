"""The queue's schema is the library's: a version that changes it needs a migration of ours."""

from hashlib import sha256
from importlib import import_module

from procrastinate.schema import SchemaManager


def test_the_queue_has_the_schema_of_the_library_that_is_locked() -> None:
    """Where this fails after an upgrade: keep what 0015 ran, and add its ``sql/migrations`` as one of ours."""
    work = import_module("migrations.versions.0015_work")
    assert sha256(SchemaManager.get_schema().encode()).hexdigest() == work.SCHEMA
