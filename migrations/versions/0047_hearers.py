"""Working years given to everybody can be taken back; no request without somebody to decide on it.

Revision ID: 0047
Revises: 0046
"""

from migrations.sqlfile import run_beside

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
