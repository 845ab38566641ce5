"""Migrations are SQL files beside their revision."""

from pathlib import Path

from alembic import op


def run_beside(revision_file: str) -> None:
    """Run the ``.sql`` file that has the name of the revision's ``.py``."""
    sql = Path(revision_file).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
