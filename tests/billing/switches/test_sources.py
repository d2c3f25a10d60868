"""switches.toml: what a source may say, and errors that name file, key and value."""

import pytest

from billing.errors import OptionsRefused
from billing.mediation.switches import open_reader, parse_sources
from tests.billing.switches.samples import MAPPED, SAMPLES, reader_of, source_of

CSV = '[sources.a]\nformat = "csv"\nzone = "UTC"\n'


def refused(text: str) -> str:
    """The message a text is refused with."""
    with pytest.raises(OptionsRefused) as caught:
        parse_sources(text, "switches.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "switches.toml: not TOML"),
        ("[other]", "unknown table other: sources"),
        ("sources = 3", "sources=3: expected tables"),
        ("[sources]\na = 1", "sources.a=1: expected a table"),
        ("[sources.a]", "sources.a.format='': freeswitch_json or"),
        ('[sources.a]\nformat = "x"', "sources.a.format='x'"),
        ('[sources.a]\nformat = "asterisk_csv"', "sources.a: zone is required"),
        ('[sources.a]\nformat = "ribbon_act"\nzone = "Mars"', "sources.a.zone='Mars'"),
        ('[sources.a]\nformat = "yeti_csv"\ncolums = []', "sources.a: unknown key colums"),
        ('[sources.a]\nformat = "yeti_csv"\npair_age_h = 3', "unknown key pair_age_h"),
        ('[sources.a]\nformat = "yeti_csv"\nambiguous = "now"', "ambiguous='now': earlier or"),
        ('[sources.a]\nformat = "yeti_csv"\nswitch = 7', "sources.a.switch=7: a text"),
        ('[sources.a]\nformat = "yeti_csv"\ncollect = 7', "sources.a.collect=7"),
        ('[sources.a]\nformat = "acc_json"\npair_age_h = 0', "pair_age_h=0: a whole number from 1"),
        ('[sources.a]\nformat = "csv"\nzone = "UTC"', "sources.a.fields: call_id is required"),
        (f'[sources.a]\nformat = "csv"\n{MAPPED}', "zone is required for instants='iso'"),
        (
            f'[sources.a]\nformat = "csv"\nzone = "UTC"\ndelimiter = "ab"\n{MAPPED}',
            "delimiter='ab'",
        ),
        (
            f'[sources.a]\nformat = "csv"\nzone = "UTC"\nheader = false\n{MAPPED}',
            "not one of columns",
        ),
        ('[sources.a]\nformat = "json"\nzone = "UTC"\nfields.x = "a"', "unknown key x"),
        ('[sources.a]\nformat = "acc_flatstore"\ncolumns = ["a", "a"]', "columns='a': twice"),
    ],
)
def test_refused(text: str, message: str) -> None:
    assert message in refused(text)
    assert refused(text).startswith("switches.toml: ")


RULE = '[sources.a]\nformat = "yeti_csv"\n[[sources.a.rules.'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RULE + "numbers]]\n", "rules.numbers[0].field='': called or calling"),
        (RULE + 'numbers]]\nfield = "called"', "a rule that does nothing"),
        (RULE + 'numbers]]\nfield = "called"\nstrip_prefix = true', "needs a prefix to drop"),
        (RULE + 'numbers]]\nfield = "called"\nnational = "+49"', "digits of a country code"),
        (RULE + 'customers]]\naccount = "x"', "without trunk, network, prefix or named"),
        (RULE + 'customers]]\ntrunk = "x"', "customers[0]: account is required"),
        (RULE + 'vendors]]\naccount = "x"\nnetwork = "10.0.0.300"', "network='10.0.0.300'"),
        (RULE + 'vendors]]\naccount = "x"\nnet = "1"', "unknown key net"),
    ],
)
def test_refused_rules(text: str, message: str) -> None:
    assert message in refused(text)


def test_a_source_in_full() -> None:
    text = """
        [sources.berlin]
        format = "freeswitch_csv"
        switch = "fs1"
        zone = "Europe/Berlin"
        ambiguous = "later"
        columns = ["uuid", "", "billmsec"]
        [sources.berlin.collect]
        directory = "/var/log/cdr"
    """
    (source,) = parse_sources(text, "switches.toml")
    assert (source.name, source.switch, source.format) == ("berlin", "fs1", "freeswitch_csv")
    assert (source.zone.key, source.ambiguous) == ("Europe/Berlin", "later")
    assert source.columns == ("uuid", "", "billmsec")
    assert source.collect == {"directory": "/var/log/cdr"}
    assert source._replace(switch=parse_sources('[sources.s]\nformat="yeti_csv"', "f")[0].switch)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_state_of_another_version_or_format_is_refused(name: str) -> None:
    reader = reader_of(name)
    assert reader_of(name, state=reader.state()).state() == reader.state()
    for state in (b"x", reader.state().replace(b"/1\n", b"/0\n", 1), b"other/1\n"):
        with pytest.raises(ValueError, match="read the file anew"):
            open_reader(source_of(name), state)
