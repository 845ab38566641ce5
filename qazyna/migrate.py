"""Bringing a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

import migrations
from erp.base.db import sqlalchemy_url


def configuration(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["url"] = sqlalchemy_url(url)
    return config


def upgrade(url: str) -> None:
    """Run every migration that the database has not seen.

    The login must own the schema, unless there is nothing to run.
    """
    if not is_current(url):
        command.upgrade(configuration(url), "head")


def is_current(url: str) -> bool:
    """Whether the database is of the schema that this program knows, neither older nor newer."""
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        if not connection.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar_one():
            return False
        found = set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    return found == heads()


def heads() -> frozenset[str]:
    """The newest migrations that this program knows."""
    return frozenset(ScriptDirectory.from_config(configuration("")).get_heads())
