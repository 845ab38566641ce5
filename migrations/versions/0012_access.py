"""Delegations, second factors, tokens of a few rights, two persons.

Revision ID: 0012
Revises: 0011
"""

from migrations.sqlfile import run_beside

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
