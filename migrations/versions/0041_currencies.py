"""Opening balances of another program in a currency.

Revision ID: 0041
Revises: 0040
"""

from migrations.sqlfile import run_beside

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
