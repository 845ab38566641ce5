"""The ledger kernel: accounts, subaccounts, entries, postings, period balances, and the only way in.

Revision ID: 0001
Revises:
"""

from migrations.sqlfile import run_beside

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
