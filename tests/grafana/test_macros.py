"""The expansion of the plugin's macros that the other tests rest on."""

import pytest

from tests.grafana.macros import ALL, View, expand

VIEW = View(1_000, 2_500, 20, {"customer": ["a", "o'b"], "vendor": [ALL], "currency": "EUR"})


def test_time() -> None:
    low, high = "fromUnixTimestamp64Milli(1000)", "fromUnixTimestamp64Milli(2500)"
    assert expand("$__timeFilter_ms(at)", VIEW) == f"at >= {low} AND at <= {high}"
    assert expand("$__toTime_ms - $__fromTime_ms", VIEW) == f"{high} - {low}"
    interval = "toStartOfInterval(toDateTime(at), INTERVAL 20 second)"
    assert expand("$__timeInterval(at) / $__interval_s", VIEW) == f"{interval} / 20"


def test_a_condition_goes_only_for_all() -> None:
    sql = "$__conditionalAll({0} IN (${{{0}:sqlstring}}), ${0})"
    assert expand(sql.format("customer"), VIEW) == "customer IN ('a','o''b')"
    assert expand(sql.format("vendor"), VIEW) == "1=1"
    assert expand("x = ${currency:sqlstring}", VIEW) == "x = 'EUR'"


@pytest.mark.parametrize(
    "sql", ["$__timeGroup(at)", "${currency}", "$customer", "$__conditionalAll(a, b, $vendor)"]
)
def test_what_is_not_known_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match=r"unknown|takes"):
        expand(sql, VIEW)
