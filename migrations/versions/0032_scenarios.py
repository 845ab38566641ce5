"""Scenarios: driver paths and formula models of versions.

Revision ID: 0032
Revises: 0031
"""

from migrations.sqlfile import run_beside

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
