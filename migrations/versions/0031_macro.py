"""Series of drivers.

Revision ID: 0031
Revises: 0030
"""

from migrations.sqlfile import run_beside

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
