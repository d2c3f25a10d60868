"""Every format: our own records become the calls they are, and nothing else."""

import pytest

from billing.mediation.switches import FORMATS
from tests.billing.switches.imagined import is_attempt
from tests.billing.switches.samples import SAMPLES, expected, file_of, reader_of

CALLS = 20


def test_there_is_a_sample_of_every_format() -> None:
    assert SAMPLES.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_records_become_calls(name: str) -> None:
    reader = reader_of(name)
    data = file_of(name, CALLS)
    assert reader.boundary(data) == len(data)
    taken = reader.take(data, 1)
    assert taken.dead == []
    found = taken.calls.to_pylist()
    for call in found:
        call["answered_at"] = int(call["answered_at"].timestamp() * 1_000)
    wanted = [expected(name, i) for i in range(CALLS)]
    assert [{key: call[key] for key in wanted[0]} for call in found] == wanted
    assert len({(call["call_id"], call["leg"]) for call in found}) == CALLS


@pytest.mark.parametrize("name", SAMPLES)
def test_answered_calls_have_200_and_attempts_what_ended_them(name: str) -> None:
    calls = reader_of(name).take(file_of(name, CALLS), 1).calls.to_pylist()
    if name == "json":
        assert {call["sip_code"] for call in calls} == {0, 200}
        return
    codes = [call["sip_code"] for call in calls]
    busy = 486
    if name == "csv":  # its sample writes one code for all
        assert codes == [busy] * CALLS
    else:
        assert codes == [busy if is_attempt(i) else 200 for i in range(CALLS)]


@pytest.mark.parametrize("name", SAMPLES)
def test_lines_are_counted_and_every_record_is_accounted_for(name: str) -> None:
    sample = SAMPLES[name]
    data = file_of(name, CALLS)
    taken = reader_of(name).take(data, 1)
    assert taken.records == data.count(b"\n")
    assert taken.records == taken.calls.num_rows + sum(taken.skipped.values())
    first = 1 + sample.header.count(b"\n")
    assert taken.lines[0] == first
    attempts = sum(is_attempt(i) for i in range(CALLS))
    assert taken.records - first + 1 == (CALLS - attempts) * sample.per_call + attempts
