"""A source of records: everything that parsing and normalising what one switch writes needs."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from billing.mediation.switches.clock import Zone
from billing.mediation.switches.trunk_rules import NO_RULES, Rules

UTC: Final = ZoneInfo("UTC")
HOUR_MS: Final = 3_600_000
PAIR_AGE_H: Final = 12
PAIR_AGE_H_MAX: Final = 168


class Source(NamedTuple):
    """One [sources.NAME] of switches.toml."""

    name: str
    format: str
    switch: str
    zone: ZoneInfo = UTC
    ambiguous: str = "earlier"
    """a local hour that exists twice or never: earlier, later, or refuse"""
    columns: tuple[str, ...] = ()
    """names of the fields by position, where they are not the format's own; "" is not read"""
    delimiter: str = ","
    header: bool = True
    """whether a generic CSV file begins with the names of its columns"""
    fields: Mapping[str, tuple[str, ...]] = {}
    """generic formats: which columns or paths a field of a call is in, the first that is not empty
    """
    instants: str = "iso"
    """generic formats: iso, american, h323, compact, epoch, epoch_s, epoch_ms or epoch_us"""
    durations: str = "s"
    """generic formats: unit of durations: s, ms, us or 10ms"""
    pair_age_ms: int = PAIR_AGE_H * HOUR_MS
    """how long an INVITE waits for its BYE, by the time in the records"""
    rules: Rules = NO_RULES
    collect: Mapping[str, Any] = {}
    """the collector's own table, as it stands"""

    @property
    def clock(self) -> Zone:
        """How local times are read."""
        return Zone(self.zone, self.ambiguous)
