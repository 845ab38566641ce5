"""Who keeps the facts of a person, and no day served without a schedule.

Revision ID: 0045
Revises: 0044
"""

from migrations.sqlfile import run_beside

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
