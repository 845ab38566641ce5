"""Posting in fewer statements; the books' own register; policies that hash.

Revision ID: 0006
Revises: 0005
"""

from migrations.sqlfile import run_beside

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
