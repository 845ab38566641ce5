"""Jobs, attachments, comments, notifications, mail.

Revision ID: 0015
Revises: 0014
"""

from hashlib import sha256

from alembic import op
from procrastinate.schema import SchemaManager

from migrations.sqlfile import run_beside

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SCHEMA = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"
"""SHA-256 of the queue's schema as procrastinate 3.10.0 brings it."""


def upgrade() -> None:
    schema = SchemaManager.get_schema()
    if sha256(schema.encode()).hexdigest() != SCHEMA:
        raise RuntimeError(
            "This migration needs the queue's schema of procrastinate 3.10.0: install the locked version."
        )
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(schema)
    run_beside(__file__)
