"""Taking an institution over from another program, and the parallel run.

Revision ID: 0025
Revises: 0024
"""

from migrations.sqlfile import run_beside

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
