"""A scenario is saved by an edit of its version, also where no figure moves.

Revision ID: 0056
Revises: 0055
"""

from migrations.sqlfile import run_beside

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
