"""Steps of a document: check, first and second signature.

Revision ID: 0022
Revises: 0021
"""

from migrations.sqlfile import run_beside

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
