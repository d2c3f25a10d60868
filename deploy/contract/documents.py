"""The documents of the contract: made of the code, written beside what is committed.

A version's shape, once written, does not change: a message that looks otherwise is another version.
"""

import json
from pathlib import Path
from typing import Any

from deploy.contract import asyncapi, reference
from deploy.contract.arrow_form import arrow_form
from deploy.contract.catalogue import PUBLIC
from deploy.contract.compatible import breaks, shape
from deploy.contract.json_form import json_form
from deploy.contract.message import ArrowMessage, ContractError, Message


def form_of(message: Message) -> dict[str, Any]:
    """The schema of a message. Raises ContractError."""
    return arrow_form(message) if isinstance(message, ArrowMessage) else json_form(message)


def _text(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def documents() -> dict[str, str]:
    """File name within the folder -> text, of today's code; always the same."""
    forms = {message.topic: form_of(message) for message in PUBLIC}
    found = {asyncapi.schema_file(m): _text(forms[m.topic]) for m in PUBLIC}
    found[asyncapi.FILE] = _text(asyncapi.asyncapi())
    found[reference.FILE] = reference.reference(forms)
    return found


def committed(folder: Path, message: Message, version: int) -> dict[str, Any] | None:
    """The schema of a version as it was written, None if it was not."""
    path = folder / asyncapi.schema_file(message._replace(version=version))
    found: dict[str, Any] | None = json.loads(path.read_text()) if path.is_file() else None
    return found


def objections(folder: Path) -> list[str]:
    """What speaks against writing today's schemas: shapes of versions that others rely on."""
    found = []
    for message in PUBLIC:
        new, where = form_of(message), f"{message.topic} version {message.version}"
        same = committed(folder, message, message.version)
        if same is not None and shape(same) != shape(new):
            found.append(f"{where} looks otherwise now: give it version {message.version + 1}")
            found += [f"{where}: {why}" for why in _broken(message, same, new)]
        for earlier in range(1, message.version):
            before = committed(folder, message, earlier)
            if before is None:
                found.append(f"{message.topic}: the schema of version {earlier} is missing")
            else:
                against = f"{where} against {earlier}"
                found += [f"{against}: {why}" for why in _broken(message, before, new)]
    return found


def _broken(message: Message, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [f"not compatible: {why}" for why in breaks(old, new, message.sender != "platform")]


def write(folder: Path) -> list[str]:
    """Write what differs; returns the names of the files. Raises ContractError, writing nothing."""
    if refused := objections(folder):
        raise ContractError("the contract was left as it is:\n" + "\n".join(refused))
    written = []
    for name, text in documents().items():
        path = folder / name
        if not path.is_file() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            written.append(name)
    return written
