"""Balances of groups of organisations, for whole trees.

Revision ID: 0008
Revises: 0007
"""

from migrations.sqlfile import run_beside

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
