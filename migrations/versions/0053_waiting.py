"""Reports and recalls of trips wait for each other; what waits for nobody waits for a head; the trail of a staff.

Revision ID: 0053
Revises: 0052
"""

from migrations.sqlfile import run_beside

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
