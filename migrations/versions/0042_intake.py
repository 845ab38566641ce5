"""Lists of people on their way onto the staff.

Revision ID: 0042
Revises: 0041
"""

from migrations.sqlfile import run_beside

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
