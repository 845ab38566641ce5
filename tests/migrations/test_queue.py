"""The queue's schema is the library's, word for word: a version that changes it needs a migration of ours."""

from procrastinate.schema import SchemaManager

from qazyna.settings import PROJECT


def test_the_queue_has_the_schema_of_the_library_that_is_locked() -> None:
    """Where this fails after an upgrade: add what the library's ``sql/migrations`` brought as a migration of ours."""
    migration = (PROJECT / "migrations/versions/0015_work.sql").read_text(encoding="utf-8")
    assert SchemaManager.get_schema().strip() in migration
