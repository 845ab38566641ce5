"""Pivot: kept layouts, and what was really received and spent.

Revision ID: 0033
Revises: 0032
"""

from migrations.sqlfile import run_beside

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
