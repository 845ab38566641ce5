"""The desk: palette, density, saved filters, tour.

Revision ID: 0027
Revises: 0026
"""

from migrations.sqlfile import run_beside

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
