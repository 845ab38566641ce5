"""Requests of staff, decisions on them, absences, calendars.

Revision ID: 0035
Revises: 0034
"""

from migrations.sqlfile import run_beside

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
