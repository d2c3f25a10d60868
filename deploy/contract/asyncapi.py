"""The AsyncAPI 3.0 document: channels, who writes them, and how their messages look."""

from typing import Any, Final

import msgspec

from deploy.contract import arrow_form
from deploy.contract.catalogue import ELSEWHERE, INTERNAL, PUBLIC
from deploy.contract.message import ArrowMessage, JsonMessage, Message
from deploy.contract.of_calls import NO_KEY
from streams import topics

FILE: Final = "asyncapi.json"
SCHEMAS: Final = "schemas"
JSON_FORMAT: Final = "application/schema+json;version=2020-12"
BINDING: Final = {"bindingVersion": "0.5.0"}
VERSION: Final = "1.0.0"
Document = dict[str, Any]


def schema_file(message: Message) -> str:
    """The file of a message's schema, beside the document."""
    return f"{SCHEMAS}/{message.topic}.v{message.version}.json"


def _payload(message: Message) -> Document:
    arrow = isinstance(message, ArrowMessage)
    return {
        "schemaFormat": arrow_form.FORMAT if arrow else JSON_FORMAT,
        "schema": {"$ref": f"./{schema_file(message)}"},
    }


def _message(message: Message) -> Document:
    arrow = isinstance(message, ArrowMessage)
    key = {} if message.key == NO_KEY else {"key": {"type": "string", "description": message.key}}
    found: Document = {
        "name": message.name,
        "title": f"{message.topic}, version {message.version}",
        "summary": message.summary,
        "contentType": arrow_form.CONTENT_TYPE if arrow else "application/json",
        "payload": _payload(message),
        "bindings": {"kafka": {**key, **BINDING}},
    }
    if isinstance(message, JsonMessage):
        samples = [msgspec.json.decode(sample) for sample in message.samples()]
        found["examples"] = [{"payload": s} for s in samples if isinstance(s, dict)]
    return found


def _channel(message: Message) -> Document:
    kept = {
        "cleanup.policy": ["delete"],
        "retention.ms": topics.RETENTION_MS,
        "max.message.bytes": topics.MESSAGE_BYTES_MAX,
    }
    return {
        "address": message.topic,
        "title": message.topic,
        "description": message.summary,
        "messages": {message.name: {"$ref": f"#/components/messages/{message.name}"}},
        "bindings": {"kafka": {"topic": message.topic, "topicConfiguration": kept, **BINDING}},
    }


def _operations(message: Message) -> Document:
    sides = {"platform": ("send",), "others": ("receive",), "both": ("send", "receive")}
    channel = {"$ref": f"#/channels/{message.topic}"}
    ref = {"$ref": f"#/channels/{message.topic}/messages/{message.name}"}
    return {
        f"{side}{message.name}": {"action": side, "channel": channel, "messages": [ref]}
        for side in sides[message.sender]
    }


def asyncapi() -> Document:
    """The whole document; "send" and "receive" are the platform's."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tollwire",
            "version": VERSION,
            "description": "Topics of the rating platform that other teams may rely on. How to"
            " read them without losing or counting anything twice: docs/consume.md.",
            "license": {"name": "Apache-2.0"},
            "x-described-elsewhere": dict(ELSEWHERE),
            "x-internal-topics": dict(INTERNAL),
        },
        "defaultContentType": "application/json",
        "channels": {message.topic: _channel(message) for message in PUBLIC},
        "operations": {k: v for message in PUBLIC for k, v in _operations(message).items()},
        "components": {"messages": {message.name: _message(message) for message in PUBLIC}},
    }
