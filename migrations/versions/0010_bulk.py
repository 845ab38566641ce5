"""Bulk posting at the speed of a bare insert.

Revision ID: 0010
Revises: 0009
"""

from migrations.sqlfile import run_beside

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
