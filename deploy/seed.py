"""The demo's decks and accounts, as the files an operator would load, loaded the same way."""

import csv
from pathlib import Path

from billing.deck import DeckOptions
from deploy.accounts import load_accounts
from deploy.reference import load_deck
from deploy.runtime.settings import Settings
from deploy.traffic import accounts_toml, seed_decks

VALID_FROM_MS = 1_704_067_200_000  # 2024-01-01
DECK_SEED = 1


def write_files(folder: Path) -> tuple[Path, list[tuple[str, str, str, Path]]]:
    """(accounts file, [(name, side, currency, deck file)]) under the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    accounts = folder / "accounts.toml"
    accounts.write_text(accounts_toml())
    decks: list[tuple[str, str, str, Path]] = []
    for deck in seed_decks(DECK_SEED):
        path = folder / f"{deck.side}-{deck.name}.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(deck.rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(deck.rows)
        decks.append((deck.name, deck.side, deck.currency, path))
    return accounts, decks


def seed(settings: Settings) -> tuple[int, int]:
    """Load what is not loaded yet; (deck versions of the demo, rates in them)."""
    accounts, decks = write_files(settings.data_dir / "seed")
    load_accounts(settings, accounts)
    rates = 0
    for name, side, currency, path in decks:
        options = DeckOptions(currency=currency)
        loaded = load_deck(settings, path, name, side, "full", VALID_FROM_MS, options, False)
        rates += loaded.version.rates.num_rows
    return len(decks), rates
