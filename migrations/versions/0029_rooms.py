"""Planning and people: whose plans and whose records a transaction may read and write.

Revision ID: 0029
Revises: 0028
"""

from migrations.sqlfile import run_beside

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
