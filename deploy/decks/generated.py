"""A sell deck made of the buy decks in the store, as a file that was read would be."""

import hashlib
from pathlib import Path

from billing.deck_margin.generate import Made, generate
from billing.deck_margin.rules import parse_rules
from billing.errors import OptionsRefused
from clickhouse import reference
from deploy.decks.desk import DeckDesk
from deploy.decks.line import line_of, rows_of
from deploy.decks.publish import Terms
from deploy.decks.reading import Sheet
from deploy.files import read_text


def generated(desk: DeckDesk, file: Path) -> tuple[Terms, Sheet, Made]:
    """What a file of margin rules makes of the buy decks as they are at its date.

    The sell deck keeps its own rules (rounding, grace and so on). Raises OptionsRefused.
    """
    text = read_text(file)
    rules = parse_rules(text, str(file))
    client = desk.client
    lines = {
        name: line_of(client, rows_of(client, name, "buy"), rules.valid_from_ms)
        for name in rules.buy_decks
    }
    try:
        made = generate(rules, lines, reference.load_fx(client))
    except OptionsRefused as error:
        raise OptionsRefused(f"{file}: {error}") from None
    numbers = [v.number for line in lines.values() for v in line]
    digest = hashlib.sha256(f"{text}{numbers}".encode()).hexdigest()
    note = f"made of versions {', '.join(map(str, numbers))}"
    sheet = Sheet(made.rates, (), 0, "full", (), (note,), "", file.name, digest)
    options = desk.options_of(rules.deck, "sell", None, rules.currency)
    terms = (rules.deck, "sell", "full", rules.valid_from_ms, options, file.name, digest)
    return Terms(*terms), sheet, made
