"""ClickHouse's HTTP interface over an open engine, as an ASGI application.

`/` runs one statement, `/ping` and `/healthz` answer the living, `/readyz` tries a statement. A
statement runs to its end before its answer starts, so an error is always an HTTP status, never a
torn body.
"""

import asyncio
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from clickhouse.engine import Answer, Engine, StatementRefused
from clickhouse.http_request import BODY_BYTES_MAX, BadRequest, Request, pack, parse, unpack
from deploy.runtime import health

PROCESS: Final = "clickhouse"
READY_S_MAX: Final = 5
_CHECK: Final = Request("SELECT 1", "TabSeparated", "", {}, {}, returns_rows=True)
_TYPES: Final = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNamesAndTypes": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
}
# ClickHouse's own mapping of error codes to statuses, as far as clients look at it.
_NOT_FOUND: Final = {
    46: "UNKNOWN_FUNCTION",
    47: "UNKNOWN_IDENTIFIER",
    50: "UNKNOWN_TYPE",
    56: "UNKNOWN_STORAGE",
    60: "UNKNOWN_TABLE",
    63: "UNKNOWN_AGGREGATE_FUNCTION",
    73: "UNKNOWN_FORMAT",
    81: "UNKNOWN_DATABASE",
    115: "UNKNOWN_SETTING",
}
_BAD: Final = {
    6: "CANNOT_PARSE_TEXT",
    26: "CANNOT_PARSE_QUOTED_STRING",
    27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
    36: "BAD_ARGUMENTS",
    38: "CANNOT_PARSE_DATE",
    41: "CANNOT_PARSE_DATETIME",
    53: "TYPE_MISMATCH",
    62: "SYNTAX_ERROR",
    69: "ARGUMENT_OUT_OF_BOUND",
    72: "CANNOT_PARSE_NUMBER",
    117: "INCORRECT_DATA",
}


def _answered(answer: Answer, query_id: str, accepted: str) -> Response:
    summary = {
        "read_rows": str(answer.read_rows),
        "read_bytes": str(answer.read_bytes),
        "written_rows": str(answer.written_rows),
        "written_bytes": str(answer.written_bytes),
        "result_rows": str(answer.result_rows),
        "result_bytes": str(len(answer.body)),
        "elapsed_ns": str(answer.elapsed_ns),
    }
    headers = {
        "X-ClickHouse-Summary": json.dumps(summary, separators=(",", ":")),
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Timezone": "UTC",
    }
    if answer.format:
        headers["X-ClickHouse-Format"] = answer.format
    encoding, body = pack(accepted, answer.body)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(
        body, headers=headers, media_type=_TYPES.get(answer.format, "application/octet-stream")
    )


def _refused(status: int, code: int, message: str) -> Response:
    headers = {"X-ClickHouse-Exception-Code": str(code)} if code else {}
    return PlainTextResponse(message + "\n", status, headers)


def _work(engine: Engine, http: HttpRequest, body: bytes) -> Response:
    url = dict(http.query_params)
    accepted = http.headers.get("accept-encoding", "")
    if url.get("enable_http_compression") not in {"1", "true"}:
        accepted = ""
    try:
        plain = unpack(http.headers.get("content-encoding", ""), body)
        request = parse(http.method, url, http.headers, plain)
        answer = engine.run(request)
    except BadRequest as error:
        return _refused(error.status, error.code, str(error))
    except StatementRefused as error:
        status = 404 if error.code in _NOT_FOUND else 400 if error.code in _BAD else 500
        return _refused(status, error.code, str(error))
    return _answered(answer, url.get("query_id") or str(uuid.uuid4()), accepted)


def _json(answer: health.Answer) -> Response:
    return JSONResponse(answer.body, answer.status)


async def _body(http: HttpRequest) -> bytes:
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise BadRequest(413, 307, f"The body is over {BODY_BYTES_MAX} B")
    return bytes(body)


def application(engine: Engine, workers: ThreadPoolExecutor) -> Starlette:
    """The HTTP application over an open engine: `/` for statements, the others for checks."""

    async def ping(_http: HttpRequest) -> Response:
        return PlainTextResponse("Ok.\n")

    async def healthz(_http: HttpRequest) -> Response:
        return _json(health.alive(PROCESS))

    async def readyz(_http: HttpRequest) -> Response:
        reasons = []
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(READY_S_MAX):
                await loop.run_in_executor(workers, engine.run, _CHECK)
        except StatementRefused as error:
            reasons.append(str(error))
        except TimeoutError:
            reasons.append(f"{_CHECK.sql} has no answer within {READY_S_MAX} s")
        return _json(health.ready(PROCESS, reasons))

    async def statement(http: HttpRequest) -> Response:
        try:
            body = await _body(http)
        except BadRequest as error:
            return _refused(error.status, error.code, str(error))
        if not body and "query" not in http.query_params:
            return PlainTextResponse("Ok.\n")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(workers, _work, engine, http, body)

    return Starlette(
        routes=[
            Route("/ping", ping),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/", statement, methods=["GET", "POST"]),
        ],
    )
