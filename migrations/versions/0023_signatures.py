"""Signatures: exact bytes, container, certificate, time.

Revision ID: 0023
Revises: 0022
"""

from migrations.sqlfile import run_beside

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
