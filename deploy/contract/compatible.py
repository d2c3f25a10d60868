"""What may change in a message without harm to who reads the old one, and to old messages.

Compatible: a new field that nobody has to write, at the end; other words for people. Not
compatible: a field that goes, is renamed, moved or retyped; one that becomes required or may now be
null; narrower limits on what others write, wider ones on what we write, and so a new word in a
closed list.
"""

from typing import Any, Final

Form = dict[str, Any]
_WORDS: Final = frozenset(
    {"$id", "$schema", "title", "description", "examples", "format", "meaning", "unit", "null_when"}
)
"""what is said for people"""


def shape(form: Any, inside: bool = False) -> Any:
    """A form without the words about it: two versions are one if their shapes are equal."""
    if isinstance(form, dict):
        return {
            k: shape(v, k in ("properties", "$defs"))
            for k, v in form.items()
            if inside or k not in _WORDS
        }
    return [shape(v) for v in form] if isinstance(form, list) else form


def breaks(old: Form, new: Form, received: bool = False) -> list[str]:
    """Why `new` cannot stand for `old`, one line each; none: it is compatible.

    received: others write these messages, too; what they may write must not shrink.
    """
    if "columns" in old or "columns" in new:
        return _columns(old.get("columns", []), new.get("columns", []))
    return _value(shape(old), shape(new), "message", received)


def _columns(old: list[Form], new: list[Form]) -> list[str]:
    found = []
    for at, before in enumerate(old):
        name = before["name"]
        after = new[at] if at < len(new) else {}
        if after.get("name") != name:
            found.append(f"{name}: removed, renamed or moved")
            continue
        if after["type"] != before["type"]:
            found.append(f"{name}: {before['type']} became {after['type']}")
        if after["nullable"] and not before["nullable"]:
            found.append(f"{name}: may now be null")
        if more := set(after.get("values", [])) - set(before.get("values", [])):
            found.append(f"{name}: new words {sorted(more)}")
        elif "values" in before and "values" not in after:
            found.append(f"{name}: may now be any text")
    for after in new[len(old) :]:
        if not after["nullable"]:
            found.append(f"{after['name']}: new, and not nullable: old messages lack it")
    return found


def _value(old: Any, new: Any, at: str, received: bool) -> list[str]:
    """Differences of two schemas of one value."""
    found: list[str] = []
    if "properties" in old:
        found += _properties(old, new, at, received)
    parts = ("properties", "required", "$defs", "items", "anyOf", "enum")
    for name in sorted((old.keys() | new.keys()) - set(parts)):
        if old.get(name) != new.get(name):
            found.append(f"{at}: {name} {old.get(name)!r} became {new.get(name)!r}")
    found += _enum(old.get("enum"), new.get("enum"), at, received)
    if ("items" in old) != ("items" in new) or len(old.get("anyOf", ())) != len(
        new.get("anyOf", ())
    ):
        return [*found, f"{at}: of another kind"]
    if "items" in old:
        found += _value(old["items"], new["items"], f"{at}[]", received)
    for before, after in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=True):
        found += _value(before, after, at, received)
    for name, part in old.get("$defs", {}).items():
        found += _value(part, new.get("$defs", {}).get(name, {}), name, received)
    return found


def _enum(old: Any, new: Any, at: str, received: bool) -> list[str]:
    if old == new or (old is None and new is None):
        return []
    if old is None or new is None:
        return [f"{at}: a closed list came or went"]
    wrong = set(old) - set(new) if received else set(new) - set(old)
    return [f"{at}: words that differ: {sorted(wrong)}"] if wrong else []


def _properties(old: Form, new: Form, at: str, received: bool) -> list[str]:
    found, after = [], new.get("properties", {})
    for name, before in old["properties"].items():
        if name not in after:
            found.append(f"{at}.{name}: removed or renamed")
        else:
            found += _value(before, after[name], f"{at}.{name}", received)
    if list(after)[: len(old["properties"])] != list(old["properties"]) and not found:
        found.append(f"{at}: a new field stands before old ones")
    before, now = set(old.get("required", [])), set(new.get("required", []))
    found += [f"{at}.{name}: now required" for name in sorted(now - before)]
    if not received:
        found += [f"{at}.{name}: no longer always there" for name in sorted(before - now)]
    return found
