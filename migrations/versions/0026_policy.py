"""The accounting policy and the month close.

Revision ID: 0026
Revises: 0025
"""

from migrations.sqlfile import run_beside

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
