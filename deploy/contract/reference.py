"""The contract as a page for people: every topic, and a table of its fields."""

from typing import Any, Final

from deploy.contract.catalogue import ELSEWHERE, INTERNAL, PUBLIC
from deploy.contract.message import ArrowMessage, Message

FILE: Final = "README.md"
_WRITERS: Final = {
    "platform": "Tollwire",
    "others": "other systems",
    "both": "other systems, and Tollwire",
}
_HEAD: Final = """# The topics that other teams may rely on

Made by `make contract`; do not edit. [asyncapi.json](asyncapi.json) says the same for programs, \
[../consume.md](../consume.md) how to read them.
"""


def _type(kind: dict[str, Any]) -> str:
    if "$ref" in kind:
        return str(kind["$ref"]).rpartition("/")[2]
    if "anyOf" in kind:
        return " or ".join(_type(one) for one in kind["anyOf"])
    if kind.get("type") == "array":
        return f"list of {_type(kind['items'])}"
    if "additionalProperties" in kind and kind.get("type") == "object":
        return "object"
    return str(kind.get("type", "string"))


def _words(kind: dict[str, Any]) -> str:
    values = kind.get("enum") or kind.get("values") or kind.get("items", {}).get("enum")
    if not values:
        return ""
    return ". One of " + ", ".join(f"`{v}`" if v else "empty" for v in values)


def _rows(form: dict[str, Any], prefix: str = "") -> list[str]:
    needed = form.get("required", ())
    return [
        f"| {prefix}{name} | {_type(kind)} | {'yes' if name in needed else ''} |"
        f" {kind['description']}{_words(kind)} |"
        for name, kind in form["properties"].items()
    ]


def _columns(form: dict[str, Any]) -> list[str]:
    rows = []
    for column in form["columns"]:
        unit = f" ({column['unit']})" if "unit" in column else ""
        null = column.get("null_when", "")
        said = f"{column['meaning']}{unit}{_words(column)}"
        rows.append(f"| {column['name']} | {column['type']} | {null} | {said} |")
    return rows


def _table(message: Message, form: dict[str, Any]) -> list[str]:
    if isinstance(message, ArrowMessage):
        return ["| column | type | null when | meaning |", "|---|---|---|---|", *_columns(form)]
    parts = form.get("$defs", {})
    one = parts.get("One", form)
    nested = [
        row for name, part in parts.items() if name != "One" for row in _rows(part, f"{name}.")
    ]
    head = ["| field | type | always there | meaning |", "|---|---|---|---|"]
    return [*head, *_rows(one), *nested]


def _section(message: Message, form: dict[str, Any]) -> str:
    arrow = isinstance(message, ArrowMessage)
    lines = [
        f"\n## {message.topic}\n",
        f"{message.summary}\n",
        f"- message: `{message.name}`, version {message.version},"
        f" {'an Arrow IPC stream' if arrow else 'JSON'}",
        f"- written by: {_WRITERS[message.sender]}",
        f"- key: {message.key}\n",
        *_table(message, form),
    ]
    return "\n".join(lines) + "\n"


def reference(forms: dict[str, dict[str, Any]]) -> str:
    """The page. forms: topic -> its schema."""
    others = [f"| {name} | {why} |" for name, why in (*ELSEWHERE.items(), *INTERNAL.items())]
    tail = [
        "\n## Other topics\n",
        "No part of this contract; all but the first are internal and change without notice.\n",
        *("| topic | what |", "|---|---|", *others),
    ]
    sections = "".join(_section(message, forms[message.topic]) for message in PUBLIC)
    return _HEAD + sections + "\n".join(tail) + "\n"
