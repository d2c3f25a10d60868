"""What Alembic runs: the changes, on the connection it was given."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("tables"),
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
