"""Drafts of journal entries.

Revision ID: 0020
Revises: 0019
"""

from migrations.sqlfile import run_beside

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
