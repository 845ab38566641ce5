"""Recalls: what is given back by consent, and what as a correction.

Revision ID: 0044
Revises: 0043
"""

from migrations.sqlfile import run_beside

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
