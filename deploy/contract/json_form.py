"""The JSON Schema (2020-12) of a message, made of its type and the words about its fields.

What we write always has every field of its version; a reader must let unknown fields pass. Of what
others write, the fields without a default are required.
"""

import inspect
from typing import Any, Final

import msgspec

from deploy.contract.message import ContractError, Field, JsonMessage

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def _fields_of(message: JsonMessage) -> list[tuple[str, Any, Any]]:
    """(name, type, default) of each field as it is on the wire."""
    kind = message.type
    if issubclass(kind, msgspec.Struct):
        known = [(f.name, f.type, f.default) for f in msgspec.structs.fields(kind)]
    else:
        defaults: dict[str, Any] = getattr(kind, "_field_defaults", {})
        hints = inspect.get_annotations(kind, eval_str=True)
        known = [(name, hints[name], defaults.get(name, msgspec.NODEFAULT)) for name in hints]
    own = [(name, message.other_types.get(name, of), default) for name, of, default in known]
    names = {name for name, _, _ in known}
    added = [(n, of, msgspec.NODEFAULT) for n, of in message.other_types.items() if n not in names]
    return own + added


def _with_words(schema: Schema, field: Field, what: str) -> Schema:
    """A property with what is said of it; limits and words go to the items of a list."""
    said = {"description": field.meaning + (f" ({field.unit})" if field.unit else "")}
    limits: Schema = {}
    if field.values:
        limits["enum"] = list(field.values)
    if field.pattern:
        limits["pattern"] = field.pattern
    if field.low is not None:
        limits["minimum"] = field.low
    if field.high is not None:
        limits["maximum"] = field.high
    if "enum" in schema and field.values:
        raise ContractError(f"{what}: its type has its words already")
    if limits and schema.get("type") == "array":
        return {**schema, "items": {**schema["items"], **limits}, **said}
    return {**schema, **limits, **said}


def _described(message: JsonMessage, prefix: str, schema: Schema) -> Schema:
    """An object with the words about its properties; they must be there for each."""
    said = {}
    for name, kind in schema["properties"].items():
        field = message.fields.get(prefix + name)
        if field is None:
            raise ContractError(f"{message.topic}: nothing is said of the field {prefix}{name}")
        said[name] = _with_words(kind, field, f"{message.topic}: {prefix}{name}")
    late = {name for name in said if message.fields[prefix + name].since > 1}
    required = [name for name in schema.get("required", ()) if name not in late]
    return {**schema, "properties": said, "required": required}


def json_form(message: JsonMessage) -> Schema:
    """The schema of one message. Raises ContractError where words and fields do not fit."""
    fields = _fields_of(message)
    written = message.sender == "platform"
    one = msgspec.defstruct(
        message.name,
        [(name, of) if written else (name, of, default) for name, of, default in fields],
        kw_only=True,
    )
    _, found = msgspec.json.schema_components([one], ref_template="#/$defs/{name}")
    own = _described(message, "", found.pop(message.name))
    nested = {name: _described(message, f"{name}.", part) for name, part in found.items()}
    words = {*own["properties"]} | {
        f"{n}.{p}" for n, part in nested.items() for p in part["properties"]
    }
    if extra := set(message.fields) - words:
        raise ContractError(f"{message.topic}: words about fields that it has not: {sorted(extra)}")
    for part in nested.values():
        part.pop("description", None)
    examples = [msgspec.json.decode(sample) for sample in message.samples()]
    whole = {"title": message.name, "description": message.summary}
    head = {
        "$schema": DIALECT,
        "$id": f"{message.topic}.v{message.version}.json",
        **whole,
        "examples": examples,
    }
    body = {k: v for k, v in own.items() if k not in whole}
    if message.many_max:
        nested["One"] = body
        ref = {"$ref": "#/$defs/One"}
        body = {"anyOf": [ref, {"type": "array", "items": ref, "maxItems": message.many_max}]}
    return {**head, **body, **({"$defs": nested} if nested else {})}
