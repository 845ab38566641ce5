"""The journal's own table: files that entries were imported from.

Revision ID: 0004
Revises: 0003
"""

from migrations.sqlfile import run_beside

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
