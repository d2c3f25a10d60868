"""Deck options: every rule of a charge is a key with words; a wrong one is named."""

from typing import Any

import pytest

from billing.deck import NO_MAX_CHARGE, DeckOptions, parse_options
from billing.errors import OptionsRefused
from kernels.layout import ANCHORS, CONNECT_RULES, GRACES, ROUNDINGS
from tests.kernels.naive import NANOS

KEPT: dict[str, dict[str, Any]] = {
    "": {},
    **{f'anchor = "{w}"': {"anchor": w} for w in ("after_initial", "whole_call")},
    **{
        f'duration_rounding = "{w}"': {"duration_rounding": w}
        for w in ("up", "down", "half_up", "half_down", "half_even")
    },
    **{
        f'round = ["{w}", {n}]': {"round_mode": w, "round_decimals": n}
        for n, w in enumerate(("up", "down", "half_up", "half_down", "half_even"))
    },
    'round = ["up", 9]': {"round_mode": "up", "round_decimals": 9},
    **{
        f'grace = {{seconds = 3, rule = "{w}"}}': {"grace_rule": w, "grace_s": 3}
        for w in ("none", "free_if_at_most", "free_if_below", "deduct")
    },
    'grace = {seconds = 3600, rule = "deduct"}': {"grace_rule": "deduct", "grace_s": 3_600},
    **{f'connect_rule = "{w}"': {"connect_rule": w} for w in ("additive", "minimum")},
    'min_charge = "0.01"': {"min_charge_nanos": 10_000_000},
    "min_charge = 0.01": {"min_charge_nanos": 10_000_000},
    "max_charge = 10_000": {"max_charge_nanos": 10_000 * NANOS},
    'max_charge = "0"': {"max_charge_nanos": 0},
    'attempt_fee = "0.000000001"': {"attempt_fee_nanos": 1},
    'currency = "EUR"': {"currency": "EUR"},
    'time_zone = "Europe/Berlin"': {"time_zone": "Europe/Berlin"},
}


@pytest.mark.parametrize("text", KEPT)
def test_a_key(text: str) -> None:
    assert parse_options(text, "o.toml") == DeckOptions()._replace(**KEPT[text])


def test_the_defaults_are_those_of_the_rules() -> None:
    found = parse_options("", "o.toml")
    assert (found.anchor, found.connect_rule, found.grace_rule) == (
        *("after_initial", "additive", "none"),
    )
    assert (found.min_charge_nanos, found.attempt_fee_nanos) == (0, 0)
    assert found.max_charge_nanos == NO_MAX_CHARGE


def test_every_word_of_the_kernels_has_a_key_here() -> None:
    text = "\n".join(KEPT)
    for word in (*ANCHORS, *CONNECT_RULES, *GRACES, *ROUNDINGS):
        assert f'"{word}"' in text


REFUSED = {
    "anchor =": "o.toml: ",
    'anchr = "whole_call"': "unknown key anchr",
    'anchor = "whole-call"': "anchor='whole-call'",
    "anchor = 5": "anchor=5",
    "anchor = []": "anchor=[]",
    'duration_rounding = "ceil"': "duration_rounding='ceil'",
    'connect_rule = "max"': "connect_rule='max'",
    'round = ["half_odd", 4]': "round=['half_odd', 4]",
    'round = ["up", 10]': "round=['up', 10]",
    'round = ["up", -1]': "round=['up', -1]",
    'round = ["up", 2.0]': "round=['up', 2.0]",
    'round = ["up", true]': "round=['up', True]",
    'round = ["up"]': "round=['up']",
    'round = "up"': "round='up'",
    'round = [["up"], 2]': "round=[['up'], 2]",
    'grace = {seconds = 3, rule = "free"}': "rule='free'",
    'grace = {seconds = -1, rule = "deduct"}': "grace.seconds=-1",
    'grace = {seconds = 3601, rule = "deduct"}': "grace.seconds=3601",
    'grace = {seconds = 1.5, rule = "deduct"}': "grace.seconds=1.5",
    'grace = {seconds = true, rule = "deduct"}': "grace.seconds=True",
    "grace = {seconds = 3}": "grace={'seconds': 3}",
    'grace = {seconds = 3, rule = "deduct", x = 1}': "grace=",
    "grace = 3": "grace=3",
    'min_charge = "-0.01"': "min_charge='-0.01'",
    'min_charge = "1,5"': "min_charge='1,5'",
    "min_charge = true": "min_charge=True",
    "max_charge = 10000.1": "max_charge=10000.1",
    'max_charge = "none"': "max_charge='none'",
    'attempt_fee = "0.0000000001"': "attempt_fee='0.0000000001'",
    "attempt_fee = 0.000000001": "attempt_fee=1e-09",
    "min_charge = 2\nmax_charge = 1": "max_charge",
    'currency = "usd"': "currency='usd'",
    'currency = "USD\\n"': "currency=",
    "currency = 5": "currency=",
    'time_zone = "Mars/Olympus"': "time_zone='Mars/Olympus'",
    'time_zone = "../../etc/passwd"': "time_zone=",
    'time_zone = ""': "time_zone=''",
    "time_zone = 5": "time_zone=",
    '[sell]\nanchor = "whole_call"': "unknown key sell",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_wrong_value_is_named(text: str) -> None:
    with pytest.raises(OptionsRefused) as refused:
        parse_options(text, "o.toml")
    said = str(refused.value)
    assert said.startswith("o.toml: ")
    assert REFUSED[text] in said
