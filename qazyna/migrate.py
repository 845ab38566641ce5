"""Bringing a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config

import migrations
from erp.base.db import sqlalchemy_url


def configuration(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["url"] = sqlalchemy_url(url)
    return config


def upgrade(url: str) -> None:
    """Run every migration that the database has not seen; the login must own the schema."""
    command.upgrade(configuration(url), "head")
