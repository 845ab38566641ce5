"""Lists of people that nobody accepts are put away after a time.

Revision ID: 0048
Revises: 0047
"""

from migrations.sqlfile import run_beside

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
