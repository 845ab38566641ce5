"""Entries that other contexts draft for the accountant.

Revision ID: 0038
Revises: 0037
"""

from migrations.sqlfile import run_beside

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
