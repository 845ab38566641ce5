"""A version of a plan that leads nowhere is put away, and brought back.

Revision ID: 0049
Revises: 0048
"""

from migrations.sqlfile import run_beside

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
