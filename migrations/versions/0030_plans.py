"""Plans: leaves, versions, edits, overlays.

Revision ID: 0030
Revises: 0029
"""

from migrations.sqlfile import run_beside

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
