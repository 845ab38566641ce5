"""Alembic's entry: one schema, one history, forward only."""

from alembic import context
from sqlalchemy import create_engine, pool, text

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)

with engine.connect() as connection:
    # two programs that start at once migrate one after the other
    connection.execute(text("SELECT pg_advisory_lock(hashtext('qazyna.migrate'))"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
