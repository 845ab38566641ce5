"""Saved views of reports.

Revision ID: 0019
Revises: 0018
"""

from migrations.sqlfile import run_beside

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
