"""Seals: Merkle blocks over recorded entries.

Revision ID: 0009
Revises: 0008
"""

from migrations.sqlfile import run_beside

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
