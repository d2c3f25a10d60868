"""Demo data, pure: rate decks, accounts and calls come out as values; others send or load them.

The decks of `seed_decks(1)` and the accounts of `accounts_toml()` rate every clean call of
`generate` and `live_batch`; what is not clean is in each batch's `truth()`.
"""

from deploy.traffic.batch import CLEAN, SCHEMA, Batch, Dirt, Fate, Truth
from deploy.traffic.calls import generate, live_batch
from deploy.traffic.decks import SeedDeck, seed_decks
from deploy.traffic.dialcodes import seed_codes
from deploy.traffic.encode import CSV_COLUMNS, to_arrow, to_csv, to_json
from deploy.traffic.parties import accounts_toml

__all__ = [
    "CLEAN",
    "CSV_COLUMNS",
    "SCHEMA",
    "Batch",
    "Dirt",
    "Fate",
    "SeedDeck",
    "Truth",
    "accounts_toml",
    "generate",
    "live_batch",
    "seed_codes",
    "seed_decks",
    "to_arrow",
    "to_csv",
    "to_json",
]
