"""switches.toml: one table [sources.NAME] for each source, checked key by key."""

import tomllib
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billing.errors import OptionsRefused
from billing.mediation.switches.clock import FORMS, POLICIES
from billing.mediation.switches.csv_table import FIELDS_MAX
from billing.mediation.switches.generic import EPOCHS, FIELDS, REQUIRED, UNITS_MS
from billing.mediation.switches.json_table import STEPS_MAX
from billing.mediation.switches.registry import FORMATS, MAPPED, ZONED
from billing.mediation.switches.rules_file import parse_rules
from billing.mediation.switches.source import HOUR_MS, PAIR_AGE_H, PAIR_AGE_H_MAX, UTC, Source
from billing.mediation.switches.toml_values import Values

SOURCES_MAX: Final = 1_000
ALWAYS: Final = ("format", "switch", "zone", "ambiguous", "rules", "collect")
COLUMNED: Final = frozenset({"freeswitch_csv", "acc_flatstore", "oracle_sbc", "csv"})
"""formats whose columns a source may name"""


def parse_sources(text: str, file: str) -> list[Source]:
    """The sources of a TOML text. Raises OptionsRefused naming file, key, value, what is allowed.

    The table `collect` of a source is the collector's own and handed through as it stands.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionsRefused(f"{file}: not TOML: {error}") from None
    for key in document:
        if key != "sources":
            raise OptionsRefused(f"{file}: unknown table {key}: sources")
    entries = document.get("sources", {})
    if not isinstance(entries, dict):
        raise OptionsRefused(f"{file}: sources={entries!r}: expected tables [sources.NAME]")
    if len(entries) > SOURCES_MAX:
        raise OptionsRefused(f"{file}: more than {SOURCES_MAX} sources")
    return [_source(name, Values(file, f"sources.{name}", e)) for name, e in entries.items()]


def _source(name: str, values: Values) -> Source:
    fmt = values.one_of("format", FORMATS, "")
    values.only((*ALWAYS, *_keys_of(fmt)))
    if fmt in ZONED and not values.has("zone"):
        shown = f"{values.file}: {values.where}: zone is required: {fmt} writes local times"
        raise OptionsRefused(f'{shown}; such as "Europe/Berlin" or "UTC"')
    collect = values.raw("collect", {})
    if not isinstance(collect, dict):
        raise values.refuse("collect", collect, "expected a table")
    source = Source(
        name=name,
        format=fmt,
        switch=values.text("switch", name),
        zone=_zone(values),
        ambiguous=values.one_of("ambiguous", POLICIES, "earlier"),
        columns=_columns(values),
        delimiter=_delimiter(values),
        header=values.flag("header", True),
        instants=values.one_of("instants", (*FORMS, *EPOCHS), "iso"),
        durations=values.one_of("durations", UNITS_MS, "s"),
        pair_age_ms=values.whole("pair_age_h", PAIR_AGE_H, 1, PAIR_AGE_H_MAX) * HOUR_MS,
        rules=parse_rules(values.table("rules")),
        collect=collect,
    )
    if fmt not in MAPPED:
        return source
    if source.instants in FORMS and not values.has("zone"):
        shown = f"{values.file}: {values.where}: zone is required for instants={source.instants!r}"
        raise OptionsRefused(f'{shown}: times may lack an offset; such as "UTC"')
    return source._replace(fields=_fields(values, source))


def _keys_of(fmt: str) -> tuple[str, ...]:
    """The keys a source of a format may have beyond ALWAYS."""
    keys = ["columns"] if fmt in COLUMNED else []
    if fmt in MAPPED:
        keys += ["fields", "instants", "durations"]
    if fmt == "csv":
        keys += ["delimiter", "header"]
    if fmt.startswith("acc_"):
        keys += ["pair_age_h"]
    return tuple(keys)


def _zone(values: Values) -> ZoneInfo:
    if not values.has("zone"):
        return UTC
    name = values.text("zone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        allowed = 'the name of a time zone, such as "Europe/Berlin"'
        raise values.refuse("zone", name, allowed) from None


def _columns(values: Values) -> tuple[str, ...]:
    columns = values.texts("columns", empty=True)
    if len(columns) > FIELDS_MAX:
        raise values.refuse("columns", len(columns), f"at most {FIELDS_MAX} names")
    named = [c for c in columns if c]
    for name in named:
        if named.count(name) > 1:
            raise values.refuse("columns", name, "twice")
    return columns


def _delimiter(values: Values) -> str:
    delimiter = values.text("delimiter", ",")
    if len(delimiter.encode()) != 1 or delimiter in '"\r\n\\':
        raise values.refuse("delimiter", delimiter, "one character of ASCII, no quote or newline")
    return delimiter


def _fields(values: Values, source: Source) -> Mapping[str, tuple[str, ...]]:
    """Which columns or paths each field is in."""
    table = values.table("fields")
    table.only(FIELDS)
    found: dict[str, tuple[str, ...]] = {name: table.texts(name) for name, _ in table.items()}
    for name in REQUIRED:
        if not found.get(name):
            raise OptionsRefused(f"{values.file}: {table.where}: {name} is required")
    if source.format == "csv" and not source.header:
        _check_columns(table, found, source)
    for name, paths in found.items():
        for path in paths:
            if path.count(".") >= STEPS_MAX:
                raise table.refuse(name, path, f"at most {STEPS_MAX} steps")
    return found


def _check_columns(table: Values, found: Mapping[str, tuple[str, ...]], source: Source) -> None:
    known: Any = set(source.columns)
    for name, columns in found.items():
        for column in columns:
            if column not in known:
                raise table.refuse(name, column, "not one of columns, which header=false needs")
