"""Staff: units, posts, persons, appointments, schedules on two time axes.

Revision ID: 0034
Revises: 0033
"""

from migrations.sqlfile import run_beside

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
