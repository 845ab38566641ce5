"""Month locks of two strengths, the close of a year, reversals, corrections of earlier years.

Revision ID: 0007
Revises: 0006
"""

from migrations.sqlfile import run_beside

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
