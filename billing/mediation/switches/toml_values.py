"""Values of a TOML table, each of the kind it must be; an error names file, key and value."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any

from billing.errors import OptionsRefused
from billing.mediation.switches.trunk_rules import PREFIXES_MAX, Network

TEXT_MAX = 256


class Values:
    """One table of a file; `where` is its name in errors."""

    def __init__(self, file: str, where: str, entry: Any) -> None:
        self.file, self.where = file, where
        if not isinstance(entry, dict):
            raise OptionsRefused(f"{file}: {where}={entry!r}: expected a table")
        self._entry: Mapping[str, Any] = entry

    def refuse(self, key: str, value: Any, allowed: str) -> OptionsRefused:
        """The error for a value of a key."""
        return OptionsRefused(f"{self.file}: {self.where}.{key}={value!r}: {allowed}")

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys that are not known."""
        known = list(known)
        for key in self._entry:
            if key not in known:
                shown = f"{self.file}: {self.where}: unknown key {key}: {', '.join(known)}"
                raise OptionsRefused(shown)

    def has(self, key: str) -> bool:
        """Whether the table says anything for a key."""
        return key in self._entry

    def raw(self, key: str, default: Any) -> Any:
        """A value as it stands."""
        return self._entry.get(key, default)

    def table(self, key: str) -> "Values":
        """A table within the table; empty if it is not there."""
        return Values(self.file, f"{self.where}.{key}", self._entry.get(key, {}))

    def tables(self, key: str, count_max: int) -> list["Values"]:
        """A list of tables."""
        found = self._entry.get(key, [])
        if not isinstance(found, list) or len(found) > count_max:
            raise self.refuse(key, type(found).__name__, f"at most {count_max} tables [[{key}]]")
        return [Values(self.file, f"{self.where}.{key}[{i}]", e) for i, e in enumerate(found)]

    def items(self) -> Iterable[tuple[str, Any]]:
        """All keys and values."""
        return self._entry.items()

    def text(self, key: str, default: str | None = None, empty: bool = False) -> str:
        """A text; required where there is no default."""
        value = self._entry.get(key, default)
        if value is None:
            raise OptionsRefused(f"{self.file}: {self.where}: {key} is required, a text")
        if not isinstance(value, str) or len(value.encode()) > TEXT_MAX or "\0" in value:
            raise self.refuse(key, value, f"a text of at most {TEXT_MAX} bytes")
        if not value and not empty and default != "":
            raise self.refuse(key, value, "a text that is not empty")
        return value

    def one_of(self, key: str, allowed: Iterable[str], default: str) -> str:
        """One of some words."""
        allowed = list(allowed)
        value = self._entry.get(key, default)
        if value not in allowed:
            raise self.refuse(key, value, " or ".join(allowed))
        return str(value)

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number within limits."""
        value = self._entry.get(key, default)
        if type(value) is not int or not low <= value <= high:
            raise self.refuse(key, value, f"a whole number from {low} to {high}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._entry.get(key, default)
        if not isinstance(value, bool):
            raise self.refuse(key, value, "true or false")
        return value

    def texts(self, key: str, empty: bool = False) -> tuple[str, ...]:
        """A text or a list of texts."""
        value = self._entry.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or len(listed) > PREFIXES_MAX:
            raise self.refuse(key, value, f"a text or a list of at most {PREFIXES_MAX}")
        for text in listed:
            if not isinstance(text, str) or not (text or empty) or len(text) > TEXT_MAX:
                raise self.refuse(key, text, "a text that is not empty")
        return tuple(listed)

    def networks(self, key: str) -> tuple[Network, ...]:
        """Addresses and networks, such as "192.0.2.0/24"."""
        found: list[Network] = []
        for text in self.texts(key):
            try:
                found.append(ip_network(text))
            except ValueError as error:
                raise self.refuse(key, text, f"an address or a network: {error}") from None
        return tuple(found)
