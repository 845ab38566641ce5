"""Business trips: routes, norms, estimates, reports.

Revision ID: 0037
Revises: 0036
"""

from migrations.sqlfile import run_beside

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
