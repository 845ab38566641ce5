"""Somebody on record is found by number and name together.

Revision ID: 0054
Revises: 0053
"""

from migrations.sqlfile import run_beside

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
