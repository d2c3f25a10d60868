"""All tables of the database of documents, and `python -m tests.documents.tables "what"`.

That writes the next file of deploy/runtime/migrations/versions: what the tables in the code have
that the files have not. Look it over, and set HEAD.
"""

import sys
import tempfile

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData

from dashboards.documents import accounts, agreements, answers, drafts, triages
from dashboards.identity import tables as identity
from deploy.runtime.documents import changing, opened
from deploy.runtime.migrations import FOLDER, HEAD
from rerate import records

EACH = (
    identity.TABLES,
    accounts.TABLES,
    agreements.TABLES,
    answers.TABLES,
    drafts.TABLES,
    triages.TABLES,
    records.TABLES,
)


def whole() -> MetaData:
    """Every table of the code."""
    found = MetaData()
    for tables in EACH:
        for table in tables.sorted_tables:
            table.to_metadata(found)
    return found


def write(message: str) -> None:
    """Write the next file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with tempfile.TemporaryDirectory() as folder:
        engine = opened(f"sqlite:///{folder}/documents.db")
        with changing(engine) as connection:
            config.attributes |= {"connection": connection, "tables": whole()}
            command.revision(config, message, autogenerate=True, rev_id=f"{int(HEAD) + 1:04}")


if __name__ == "__main__":
    write(sys.argv[1])
