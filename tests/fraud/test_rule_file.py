"""The rule file: defaults, every kind of value, and every error by file, key and value."""

import pytest

from billing.errors import OptionsRefused
from billing.fraud.rule_file import parse_rules
from billing.fraud.rules import Rules


def test_an_empty_file_is_the_defaults() -> None:
    assert parse_rules("", "rules.toml") == Rules()


def test_what_is_said_counts_and_the_rest_stays() -> None:
    rules = parse_rules(
        """
        [irsf]
        money_10m = "2.50"
        share_of_usual_hour = 0.1
        [limits]
        concurrent = 100
        [action]
        policy = "block_destination"
        [ranges]
        high_risk = ["53", "252"]
        [accounts.acme]
        calls_per_min = 20
        disconnect = true
        times = 2
        """,
        "rules.toml",
    )
    assert rules.irsf.money_10m == 2_500_000_000
    assert rules.irsf.money_1h == Rules().irsf.money_1h
    assert rules.high_risk == ("53", "252")
    own, other = rules.limits_of("acme"), rules.limits_of("other")
    assert (own.calls_per_min, own.concurrent) == (20, 100)
    assert (other.calls_per_min, other.concurrent) == (0, 100)
    assert rules.action_of("acme").disconnect
    assert rules.action_of("acme").policy == "block_destination"
    assert not rules.action_of("other").disconnect
    assert rules.account_times == {"acme": 2.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[irsf", "rules.toml: not TOML"),
        ("[irfs]\n", "rules.toml: unknown table irfs: irsf, limits,"),
        ("irsf = 3", r"rules.toml: irsf=3: expected a table \[irsf\]"),
        ("[irsf]\nmoney = 3", "rules.toml: irsf: unknown key money: calls_10m,"),
        ("[irsf]\nmoney_10m = -1", "rules.toml: irsf.money_10m=-1: money .* from 0"),
        ("[irsf]\nmoney_10m = 2.5", 'rules.toml: irsf.money_10m=2.5: money .* or "2.50"'),
        ('[irsf]\nmoney_10m = "1,5"', "rules.toml: irsf.money_10m='1,5': money .*decimal"),
        ("[irsf]\nmoney_10m = true", "rules.toml: irsf.money_10m=True: money"),
        ("[irsf]\ncalls_1h = -3", "rules.toml: irsf.calls_1h=-3: a whole number from 0"),
        ("[irsf]\ncalls_1h = 3.0", "rules.toml: irsf.calls_1h=3.0: a whole number"),
        ("[irsf]\ncalls_1h = true", "rules.toml: irsf.calls_1h=True: a whole number"),
        ("[irsf]\nnew_weight = 1.5", "rules.toml: irsf.new_weight=1.5: a number from 0 to 1"),
        ("[irsf]\nnew_weight = nan", "rules.toml: irsf.new_weight=nan: a number from 0 to 1"),
        ("[irsf]\ncritical_times = -2", "rules.toml: irsf.critical_times=-2: a number from 0"),
        ('[irsf]\ncritical_times = "2"', "rules.toml: irsf.critical_times='2': a number from 0"),
        ("[action]\ndisconnect = 1", "rules.toml: action.disconnect=1: true or false"),
        ('[action]\npolicy = "kill"', "rules.toml: action.policy='kill': notify or throttle or"),
        ("[ranges]\nlow_risk = []", "rules.toml: ranges: unknown key low_risk: high_risk"),
        ('[ranges]\nhigh_risk = "53"', "rules.toml: ranges.high_risk: a list of at most"),
        (
            '[ranges]\nhigh_risk = ["+53"]',
            "rules.toml: ranges.high_risk='\\+53': a text of 1",
        ),
        ('[ranges]\nhigh_risk = ["053"]', "rules.toml: ranges.high_risk='053': .* country code"),
        ("accounts = 3", r"rules.toml: accounts=3: expected a table"),
        ("[accounts]\nacme = 3", "rules.toml: accounts.acme=3: expected a table"),
        ("[accounts.acme]\nmoney_10m = 3", "rules.toml: accounts.acme: unknown key money_10m: .*"),
        ("[accounts.acme]\nconcurrent = -1", "rules.toml: accounts.acme.concurrent=-1: a whole"),
        ("[accounts.acme]\ntimes = 0", "rules.toml: accounts.acme.times=0.0: more than 0"),
    ],
)
def test_errors_name_file_key_value_and_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(OptionsRefused, match=message):
        parse_rules(text, "rules.toml")
