"""A reason is something that can be read.

Revision ID: 0011
Revises: 0010
"""

from migrations.sqlfile import run_beside

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
