"""Common ground: organisations in a dated tree, users, roles at organisations, sessions, the audit trail.

Revision ID: 0002
Revises: 0001
"""

from migrations.sqlfile import run_beside

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
