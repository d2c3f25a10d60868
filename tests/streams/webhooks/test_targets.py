"""The file of targets: what is wrong is named."""

import pytest

from billing.errors import OptionsRefused
from streams.webhooks.following import worth_telling
from streams.webhooks.targets import parse_targets, read_targets

GOOD = '[targets.soc]\nurl = "https://soc.example/hook"\nsecret = "0123456789abcdef"\n'


def test_a_target_that_says_little_gets_everything() -> None:
    target = parse_targets(GOOD, "w.toml")["soc"]
    assert target.topics == ("fraud.alerts", "rerate.events")
    assert (target.timeout_s, target.give_up_after_s) == (10, 3_600)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("targets = 1", "targets"),
        ("x", "not TOML"),
        ("[targets]", "0 targets"),
        (GOOD.replace("https://", "ftp://"), "url"),
        (GOOD.replace("0123456789abcdef", "short"), "secret"),
        (GOOD + 'topics = ["cdr.rated"]', "topics"),
        (GOOD + "timeout_s = 0", "timeout_s"),
        (GOOD + "retries = 3", "retries"),
        (GOOD.replace("targets.soc", 'targets."S O C"'), "a name has"),
    ],
)
def test_a_wrong_file_is_refused_and_says_where(text: str, said: str) -> None:
    with pytest.raises(OptionsRefused, match=r"^w\.toml: ") as caught:
        parse_targets(text, "w.toml")
    assert said in str(caught.value)
    assert "0123456789abcdef" not in str(caught.value)


def test_no_file_is_refused_by_the_name_of_the_setting() -> None:
    with pytest.raises(OptionsRefused, match="TOLLWIRE_WEBHOOKS"):
        read_targets("")


def test_junk_on_the_topic_is_not_posted() -> None:
    assert not worth_telling("rerate.events", b"junk")
    assert not worth_telling("rerate.events", b'{"state":""}')
    assert not worth_telling("fraud.alerts", None)
    assert worth_telling("rerate.events", b'{"state":"applied"}')
