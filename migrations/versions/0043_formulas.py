"""Notes on shipped formulas in three languages; views of plans are renamed.

Revision ID: 0043
Revises: 0042
"""

from migrations.sqlfile import run_beside

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
