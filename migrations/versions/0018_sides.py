"""A side knows when it may be posted to.

Revision ID: 0018
Revises: 0017
"""

from migrations.sqlfile import run_beside

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
