"""A hundred thousand calls against a real deck of 36,205 codes, a sample worked out again."""

import csv
import random
from pathlib import Path

from billing.deck import DeckOptions
from billing.money import format_nanos
from deploy.rate_file import compile_decks, rate_file
from tests.deploy.az_deck import DECK, deck_rows, needs_deck, write_calls
from tests.deploy.offline import read_rows
from tests.kernels.naive import NaiveDeck

CALLS, SAMPLE = 100_000, 10_000


@needs_deck
def test_a_hundred_thousand_calls_to_a_real_deck(tmp_path: Path) -> None:
    calls, out = tmp_path / "calls.csv", tmp_path / "out.csv"
    write_calls(calls, CALLS)
    decks = compile_decks(DECK, None, DeckOptions(), skip_bad_rows=False)
    total = rate_file(calls, out, decks, 2, lambda _: None, lambda _: None)
    assert (total.calls, total.dead) == (CALLS, 0)
    assert total.rated > CALLS * 0.95
    rows = read_rows(out)
    naive = NaiveDeck(deck_rows())
    with calls.open(newline="") as file:
        sent = list(csv.DictReader(file))
    assert [row[0] for row in rows] == [call["call_id"] for call in sent]
    for at in random.Random(2).sample(range(CALLS), SAMPLE):
        call, row = sent[at], rows[at]
        where = int(call["answered_at"]), int(call["duration_ms"])
        found, billed_s, nanos = naive.charge(call["called"], *where)
        if found < 0:
            assert row[1:3] == ("suspended", "sell_rate_missing")
            continue
        expected = (format_nanos(nanos), str(billed_s), naive.rows[found].code)
        assert (row[1], *row[3:6]) == ("rated", *expected), call
    assert sum(row[1] == "rated" for row in rows) == total.rated
