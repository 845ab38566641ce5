"""The trail: who reads plans, or records of staff, reads what happened to them.

Revision ID: 0040
Revises: 0039
"""

from migrations.sqlfile import run_beside

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
