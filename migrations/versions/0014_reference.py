"""Calendar, typical entries, recoding.

Revision ID: 0014
Revises: 0013
"""

from migrations.sqlfile import run_beside

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
