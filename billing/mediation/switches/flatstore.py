"""acc records in files: db_flatstore (fields between "|", never quoted), and JSON of acc_json.

The first seven columns are the module's own; what follows is what the proxy was told to add, in
`columns`. The default is method, tags, Call-ID, code, reason, time, then src_user, src_domain,
src_ip, dst_ouser, dst_user, dst_domain.
"""

from billing.mediation.switches.acc import NAMES, AccReader
from billing.mediation.switches.csv_table import FIELDS_MAX, Form, read_table
from billing.mediation.switches.json_reader import JsonReader
from billing.mediation.switches.lines import Records
from billing.mediation.switches.reader import Read
from kernels.layout import I64

OWN = ("method", "from_tag", "to_tag", "callid", "sip_code", "sip_reason", "time")
EXTRA = ("src_user", "src_domain", "src_ip", "dst_ouser", "dst_user", "dst_domain")
ALIASES = {"callid": ("call_id",), "sip_code": ("code",), "sip_reason": ("reason",)}
ALSO = {"time": ("timestamp", "time_unix")}


class Flatstore(AccReader):
    """Lines of db_flatstore."""

    def _read(self, records: Records, which: I64) -> Read:
        columns = self.source.columns or (*OWN, *EXTRA)
        named = tuple(c if c in NAMES else "" for c in columns)
        form = Form("|", False, named, len(OWN), FIELDS_MAX)
        return Read(*read_table(records, which, form))


class AccJson(AccReader, JsonReader):
    """Objects of acc_json, one a line."""

    def _paths(self) -> dict[str, tuple[str, ...]]:
        other = {**ALIASES, **ALSO}
        return {name: (name, *other.get(name, ())) for name in sorted(NAMES)}
