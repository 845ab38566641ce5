"""Registers that all parts cite: data packages, budget classification, currencies, counterparties.

Revision ID: 0003
Revises: 0002
"""

from migrations.sqlfile import run_beside

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
