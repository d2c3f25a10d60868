"""The state of a watch as bytes: arrays by name, and nothing that could run when it is read."""

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from billing.fraud.ledger import Ledger
from billing.fraud.windows import Windows

if TYPE_CHECKING:
    from billing.fraud.watch import Watch

VERSION: Final = 2
_NUMBERS: Final = ("clock", "told_ms", "late", "dropped", "ahead")


def dump(watch: "Watch") -> bytes:
    """All that a watch remembers."""
    numbers = [getattr(watch.door, name) for name in _NUMBERS]
    arrays: dict[str, Any] = {
        "numbers": np.array([VERSION, watch.done_ms, watch.active_hour, *numbers], np.int64),
        "names": _bytes(msgspec.json.encode(watch.names.known())),
        "incidents": _bytes(watch.incidents.dump()),
        "waiting": watch.door.waiting,
        "calls": watch.calls.rows,
        "recent": watch.recent.rows,
    }
    for name, ledger in _ledgers(watch).items():
        arrays[f"{name}.key"] = ledger.key
        arrays |= {f"{name}.{column}": ledger[column] for column in ledger.kinds}
    for name, window in _windows(watch).items():
        arrays[f"{name}.key"], arrays[f"{name}.bucket"] = window.key, window.bucket
        arrays[f"{name}.values"] = window.values
    out = BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return out.getvalue()


def load(watch: "Watch", data: bytes) -> None:
    """Give a new watch what `dump` gave. Raises ValueError where it is of another version."""
    with np.load(BytesIO(data), allow_pickle=False) as arrays:
        version, watch.done_ms, watch.active_hour, *numbers = arrays["numbers"].tolist()
        if version != VERSION:
            raise ValueError(f"the state is of version {version}, this code reads {VERSION}")
        for name, value in zip(_NUMBERS, numbers, strict=True):
            setattr(watch.door, name, value)
        names = msgspec.json.decode(arrays["names"].tobytes(), type=list[str])
        watch.names.learn(pa.array(names, pa.string()))
        watch.incidents.load(arrays["incidents"].tobytes())
        watch.door.waiting = arrays["waiting"]
        watch.calls.rows = arrays["calls"]
        watch.recent.put(arrays["recent"])
        for name, ledger in _ledgers(watch).items():
            columns = {column: arrays[f"{name}.{column}"] for column in ledger.kinds}
            ledger.put(arrays[f"{name}.key"], columns)
        for name, window in _windows(watch).items():
            window.key, window.bucket = arrays[f"{name}.key"], arrays[f"{name}.bucket"]
            window.values = arrays[f"{name}.values"]


def _bytes(data: bytes) -> Any:
    return np.frombuffer(data, np.uint8)


def _ledgers(watch: "Watch") -> dict[str, Ledger]:
    families = [(type(family).__name__, family) for family in watch.families]
    own = {f"{kind}.{name}": v for kind, f in families for name, v in f.ledgers.items()}
    return {"accounts": watch.accounts.ledger, **own}


def _windows(watch: "Watch") -> dict[str, Windows]:
    families = [(type(family).__name__, family) for family in watch.families]
    return {f"{kind}.{name}": v for kind, f in families for name, v in f.windows.items()}
