"""Drafts: the day that they are dated, however it is written.

Revision ID: 0039
Revises: 0038
"""

from migrations.sqlfile import run_beside

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
