"""A workbook of figures is kept with all its sheets.

Revision ID: 0055
Revises: 0054
"""

from migrations.sqlfile import run_beside

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
