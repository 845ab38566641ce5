"""An entry of one posting goes straight.

Revision ID: 0050
Revises: 0049
"""

from migrations.sqlfile import run_beside

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
