"""Before and after, sealed with the journal.

Revision ID: 0013
Revises: 0012
"""

from migrations.sqlfile import run_beside

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
