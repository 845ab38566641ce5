"""A list of people says how many identity numbers it added.

Revision ID: 0051
Revises: 0050
"""

from migrations.sqlfile import run_beside

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
