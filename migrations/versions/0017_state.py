"""What waits to be sealed, for who watches the system.

Revision ID: 0017
Revises: 0016
"""

from migrations.sqlfile import run_beside

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
