"""Entries and postings come in by the door of their functions alone.

Revision ID: 0046
Revises: 0045
"""

from migrations.sqlfile import run_beside

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
