"""Working years follow the first day of the service.

Revision ID: 0052
Revises: 0051
"""

from migrations.sqlfile import run_beside

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
