"""What grafana-clickhouse-datasource does to a query before ClickHouse sees it; what we use of it.

In the order of the plugin: `$__conditionalAll` in the browser, template variables in the browser,
the other macros in its backend. From its source (src/data/CHDatasource.ts, pkg/macros):

    $__conditionalAll(condition, $variable)  condition; 1=1 while the variable is All
    ${variable:sqlstring}                    'a','b', a quote doubled
    $__timeFilter_ms(column)                 column between both ends of the range, both included
    $__fromTime_ms, $__toTime_ms             the ends, as DateTime64(3)
    $__timeInterval(column)                  toStartOfInterval over whole seconds
    $__interval_s                            the step in seconds

A macro that is not here is an error: the plugin might know it, this file does not.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ALL = "$__all"
_CONDITIONAL = "$__conditionalAll("
_VARIABLE = re.compile(r"\$\{(\w+):sqlstring\}")
_LEFT_OVER = re.compile(r"\$(__\w+|\{[^}]*\}|[a-z]\w*)")


@dataclass(frozen=True)
class View:
    """What is chosen above a dashboard: range in milliseconds since 1970 UTC, step, variables."""

    from_ms: int
    to_ms: int
    step_s: int = 60
    chosen: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


def expand(sql: str, view: View) -> str:
    """The query that ClickHouse gets."""
    text = _conditional(sql, view)
    text = _VARIABLE.sub(lambda found: _quoted(view.chosen[found[1]]), text)
    low, high = (f"fromUnixTimestamp64Milli({ms})" for ms in (view.from_ms, view.to_ms))
    text = re.sub(
        r"\$__timeFilter_ms\((\w+)\)", rf"\1 >= {low} AND \1 <= {high}", text, flags=re.ASCII
    )
    text = re.sub(
        r"\$__timeInterval\((\w+)\)",
        rf"toStartOfInterval(toDateTime(\1), INTERVAL {view.step_s} second)",
        text,
    )
    for name, value in (
        ("$__fromTime_ms", low),
        ("$__toTime_ms", high),
        ("$__interval_s", str(view.step_s)),
    ):
        text = text.replace(name, value)
    left = _LEFT_OVER.search(text)
    if left:
        raise ValueError(f"unknown to this expansion: {left[0]}")
    return text


def _quoted(value: str | Sequence[str]) -> str:
    values = [value] if isinstance(value, str) else value
    return ",".join("'" + each.replace("'", "''") + "'" for each in values)


def _conditional(sql: str, view: View) -> str:
    """Replace from the last to the first, as the plugin does."""
    while (start := sql.rfind(_CONDITIONAL)) >= 0:
        end, comma = _end(sql, start + len(_CONDITIONAL))
        condition, variable = sql[start + len(_CONDITIONAL) : comma], sql[comma + 1 : end].strip()
        chosen = view.chosen[variable.removeprefix("$")]
        every = chosen in ("", ALL) or list(chosen) == [ALL]
        sql = sql[:start] + ("1=1" if every else condition) + sql[end + 1 :]
    return sql


def _end(sql: str, start: int) -> tuple[int, int]:
    """Where the macro's parenthesis closes, and where its only comma outside others is."""
    depth, comma = 1, -1
    for at in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[at], 0)
        if sql[at] == "," and depth == 1:
            if comma >= 0:
                break
            comma = at
        if not depth:
            if comma < 0:
                break
            return at, comma
    raise ValueError("$__conditionalAll takes a condition and a variable")
