"""An Arrow schema as JSON that people and programs can read: one entry a column."""

from typing import Any, Final

from deploy.contract.message import ArrowMessage, ContractError

CONTENT_TYPE: Final = "application/vnd.apache.arrow.stream"
FORMAT: Final = "application/vnd.tollwire.arrow-columns+json;version=1"


def arrow_form(message: ArrowMessage) -> dict[str, Any]:
    """The columns of a message. nullable: whether a value may be missing; the words say when.

    Raises ContractError where words and columns do not fit.
    """
    names = list(message.schema.names)
    if set(names) != set(message.fields):
        odd = sorted(set(names) ^ set(message.fields))
        raise ContractError(f"{message.topic}: words and columns do not fit: {odd}")
    columns = []
    for column in message.schema:
        said = message.fields[column.name]
        late = f"a message before version {said.since} lacks it" if said.since > 1 else ""
        null_when = "; ".join(filter(None, (said.null_when, late)))
        entry: dict[str, Any] = {
            "name": column.name,
            "type": str(column.type),
            "nullable": bool(null_when),
        }
        if null_when:
            entry["null_when"] = null_when
        if said.unit:
            entry["unit"] = said.unit
        if said.values:
            entry["values"] = list(said.values)
        columns.append({**entry, "meaning": said.meaning})
    head = {
        "$id": f"{message.topic}.v{message.version}.json",
        "title": message.name,
        "description": message.summary,
        "format": "Arrow IPC stream, buffers compressed with LZ4; columns are found by name",
    }
    limit = {"rows_max": message.rows_max} if message.rows_max else {}
    return {**head, **limit, "columns": columns}
