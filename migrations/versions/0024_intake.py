"""Remembered mappings of pasted and imported tables.

Revision ID: 0024
Revises: 0023
"""

from migrations.sqlfile import run_beside

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
