"""Messages held against the contract, more strictly than a consumer would: no unknown field."""

from functools import cache
from typing import Any

import msgspec
import pyarrow as pa
from jsonschema import Draft202012Validator

from deploy.contract.arrow_form import arrow_form
from deploy.contract.catalogue import PUBLIC
from deploy.contract.documents import form_of
from deploy.contract.message import ArrowMessage, JsonMessage, Message

JSON_MESSAGES = [message for message in PUBLIC if isinstance(message, JsonMessage)]
ARROW_MESSAGES = [message for message in PUBLIC if isinstance(message, ArrowMessage)]
BY_TOPIC: dict[str, Message] = {message.topic: message for message in PUBLIC}


def closed(schema: Any) -> Any:
    """The schema with every object closed: what is not described is not there."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(part) for name, part in schema.items() if name != "examples"}
    if isinstance(found.get("properties"), dict) and "additionalProperties" not in found:
        found["additionalProperties"] = False
    return found


@cache
def _validator(topic: str) -> Draft202012Validator:
    return Draft202012Validator(closed(form_of(BY_TOPIC[topic])))


def hold_json(topic: str, value: bytes) -> None:
    """Fails where a JSON message is not as the contract has it."""
    _validator(topic).validate(msgspec.json.decode(value))


def hold_arrow(message: ArrowMessage, rows: pa.Table | pa.RecordBatch) -> None:
    """Fails where rows have other columns, nulls, or words than the contract has."""
    columns = arrow_form(message)["columns"]
    found = [(field.name, str(field.type)) for field in rows.schema]
    assert found == [(column["name"], column["type"]) for column in columns]
    for column in columns:
        own = rows.column(column["name"])
        assert column["nullable"] or own.null_count == 0, column["name"]
        if "values" in column:
            assert set(own.to_pylist()) <= set(column["values"]), column["name"]
    assert not message.rows_max or rows.num_rows <= message.rows_max


def hold(topic: str, value: bytes | None) -> None:
    """Fails where a message of a public topic is not as the contract has it."""
    assert value is not None, topic
    message = BY_TOPIC[topic]
    if isinstance(message, ArrowMessage):
        with pa.ipc.open_stream(value) as stream:
            hold_arrow(message, stream.read_all())
    else:
        hold_json(topic, value)
