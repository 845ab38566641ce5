"""Failed sign-ins, counted by login as typed and origin, whether or not there is such a user.

Revision ID: 0005
Revises: 0004
"""

from migrations.sqlfile import run_beside

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
