"""The only code that speaks SQL: tables, migrations, queries, the client, the embedded server."""
