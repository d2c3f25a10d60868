"""What switches write, bytes to calls: a source, its reader, and what a reader takes."""

from billing.mediation.switches.ported import Ported
from billing.mediation.switches.ported_csv import parse_ported
from billing.mediation.switches.reader import Reader
from billing.mediation.switches.registry import FORMATS, open_reader
from billing.mediation.switches.source import Source
from billing.mediation.switches.source_file import parse_sources
from billing.mediation.switches.taken import Dead, Taken

__all__ = [
    "FORMATS",
    "Dead",
    "Ported",
    "Reader",
    "Source",
    "Taken",
    "open_reader",
    "parse_ported",
    "parse_sources",
]
