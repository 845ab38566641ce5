"""Jobs, attachments, comments, notifications, mail.

Revision ID: 0015
Revises: 0014
"""

from migrations.sqlfile import run_beside

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_beside(__file__)
