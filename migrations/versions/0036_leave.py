"""Leave: kinds, rules, the ledger of entitlements and uses.

Revision ID: 0036
Revises: 0035
"""

from migrations.sqlfile import run_beside

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
