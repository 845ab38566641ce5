"""Entries that a second person approves.

Revision ID: 0016
Revises: 0015
"""

from migrations.sqlfile import run_beside

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
