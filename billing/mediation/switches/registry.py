"""The formats by name, and how a source gets its reader."""

from typing import Final

from billing.mediation.switches.acme import Acme
from billing.mediation.switches.asterisk import Asterisk
from billing.mediation.switches.cucm import Cucm
from billing.mediation.switches.flatstore import AccJson, Flatstore
from billing.mediation.switches.freeswitch import FreeSwitchCsv, FreeSwitchJson
from billing.mediation.switches.generic import GenericCsv, GenericJson
from billing.mediation.switches.ported import Ported
from billing.mediation.switches.reader import Reader
from billing.mediation.switches.ribbon import Ribbon
from billing.mediation.switches.sippy import Sippy
from billing.mediation.switches.source import Source
from billing.mediation.switches.yeti import Yeti

FORMATS: Final[dict[str, type[Reader]]] = {
    "freeswitch_json": FreeSwitchJson,
    "freeswitch_csv": FreeSwitchCsv,
    "asterisk_csv": Asterisk,
    "acc_flatstore": Flatstore,
    "acc_json": AccJson,
    "ribbon_act": Ribbon,
    "cisco_cucm": Cucm,
    "oracle_sbc": Acme,
    "yeti_csv": Yeti,
    "sippy_csv": Sippy,
    "csv": GenericCsv,
    "json": GenericJson,
}
ZONED: Final = frozenset({"freeswitch_csv", "asterisk_csv", "ribbon_act", "oracle_sbc"})
"""formats whose times may have no offset: their sources name a zone"""
MAPPED: Final = frozenset({"csv", "json"})


def open_reader(source: Source, state: bytes = b"", ported: Ported | None = None) -> Reader:
    """A reader of a source, from the beginning or from what `state` gave before.

    ported: where called numbers were moved to. Raises ValueError for a state of another version.
    """
    return FORMATS[source.format](source, state, ported)
