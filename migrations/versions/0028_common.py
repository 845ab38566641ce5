"""Common ground: secrets at rest, and what was left.

Revision ID: 0028
Revises: 0027
"""

from migrations.sqlfile import run_beside

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
