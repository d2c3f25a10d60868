"""Hypothesis strategies for prices, rules and durations over their whole allowed range."""

from hypothesis import strategies as st

from tests.kernels.naive import NANOS, Price, Rule

DURATION_MS_MAX = 7 * 86_400 * 1_000
RATE_MAX = 1_000 * NANOS
FEE_MAX = 10_000 * NANOS
ROUNDING = st.sampled_from(["up", "down", "half_up", "half_down", "half_even"])


def upto(high: int) -> st.SearchStrategy[int]:
    """0 to high, often at the ends, often on round numbers."""
    return (
        st.integers(0, high)
        | st.sampled_from([0, 1, high - 1, high])
        | st.integers(0, 200).map(lambda n: min(high, n * max(1, high // 100_000)))
    )


DURATIONS_MS = (
    upto(DURATION_MS_MAX)
    | st.integers(0, 7_300).map(lambda s: s * 1_000)
    | st.integers(0, 300).map(lambda s: s * 1_000 + 500)
)
PRICES = st.builds(
    Price,
    first_rate=upto(RATE_MAX),
    next_rate=upto(RATE_MAX),
    connect=upto(FEE_MAX),
    first_s=st.integers(1, 90) | st.integers(1, 3_600),
    next_s=st.integers(0, 90) | st.integers(0, 3_600),
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule a deck may have: max_charge is not below min_charge."""
    low = draw(st.just(0) | upto(FEE_MAX))
    return Rule(
        duration_rounding=draw(ROUNDING),
        grace_rule=draw(st.sampled_from(["none", "free_if_at_most", "free_if_below", "deduct"])),
        grace_s=draw(st.integers(0, 60) | st.integers(0, 3_600)),
        anchor=draw(st.sampled_from(["after_initial", "whole_call"])),
        connect_rule=draw(st.sampled_from(["additive", "minimum"])),
        min_charge=low,
        max_charge=draw(st.none() | st.integers(low, FEE_MAX)),
        round_mode=draw(ROUNDING),
        round_decimals=draw(st.integers(0, 9)),
        attempt_fee=draw(st.just(0) | upto(FEE_MAX)),
    )
