"""Where a file is cut into pieces, and whether state is stored between them, changes nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.billing.switches.ledger import account
from tests.billing.switches.mutations import mutate
from tests.billing.switches.samples import SAMPLES, file_of, source_of

CALLS = 12
EXAMPLES = 4


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_any_cut_gives_the_same(name: str, data: st.DataObject) -> None:
    source, whole = source_of(name), file_of(name, CALLS)
    if data.draw(st.booleans()):
        whole = mutate(whole, data.draw(st.integers(0, 2**32)), 0.2)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=8))
    at_once = account(source, whole, [])
    assert account(source, whole, cuts) == at_once
    assert account(source, whole, cuts, restore=True) == at_once


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_that_grows_in_small_steps(name: str) -> None:
    source, whole = source_of(name), file_of(name, 4)
    steps = list(range(0, len(whole), 1 + len(whole) // 12))
    assert account(source, whole, steps, restore=True) == account(source, whole, [])


@pytest.mark.parametrize("name", SAMPLES)
def test_a_last_line_without_its_newline_counts(name: str) -> None:
    source, whole = source_of(name), file_of(name, 4)
    assert account(source, whole[:-1], [])[:2] == account(source, whole, [])[:2]
