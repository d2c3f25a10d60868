"""What one HTTP request asks of ClickHouse: bytes in, a `Request` out. Knows no engine, no socket.

The statement comes from the `query` parameter, from the body, or from both joined by a newline;
an INSERT's data follows its FORMAT clause. Of the URL's other parameters `param_*` are bound
values, a known few steer the protocol, and the rest are ClickHouse settings.
"""

import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from typing import Final

import lz4.frame  # type: ignore[import-untyped]
from backports import zstd

from clickhouse.sql_text import SqlUnreadable, insert_head, named_format, returns_rows, statements

BODY_BYTES_MAX: Final = 1 << 30
HEAD_BYTES_MAX: Final = 1 << 20
DEFAULT_FORMAT: Final = "TabSeparated"
SYNTAX_ERROR: Final = 62

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Sessions, users, quotas and progress headers have no meaning with one local user and no sessions.
_PROTOCOL: Final = frozenset(
    {
        "query",
        "database",
        "default_format",
        "user",
        "password",
        "quota_key",
        "role",
        "session_id",
        "session_timeout",
        "session_check",
        "query_id",
        "compress",
        "decompress",
        "buffer_size",
        "wait_end_of_query",
        "stacktrace",
        "client_protocol_version",
        "enable_http_compression",
        "http_zlib_compression_level",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "cancel_http_readonly_queries_on_client_close",
    }
)


class BadRequest(Exception):
    """The request cannot be read; carries the HTTP status and ClickHouse's error code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {message}")
        self.status, self.code = status, code


@dataclass(frozen=True, slots=True)
class Request:
    """One statement and what goes with it. `data` is None unless an INSERT brings its own rows."""

    sql: str
    format: str
    database: str
    settings: Mapping[str, str]
    bound: Mapping[str, str]
    returns_rows: bool
    data: bytes | None = None


def unpack(encoding: str, body: bytes) -> bytes:
    """Undo a body's Content-Encoding. Raises BadRequest, also past BODY_BYTES_MAX bytes."""
    try:
        match encoding:
            case "" | "identity":
                return body
            case "gzip":
                inflate = zlib.decompressobj(wbits=31)
                plain, ended = inflate.decompress(body, BODY_BYTES_MAX), inflate.eof
            case "lz4":
                frame = lz4.frame.LZ4FrameDecompressor()
                plain, ended = frame.decompress(body, BODY_BYTES_MAX), frame.eof
            case "zstd":
                stream = zstd.ZstdDecompressor()
                plain, ended = stream.decompress(body, BODY_BYTES_MAX), stream.eof
            case _:
                raise BadRequest(400, 432, f"Content-Encoding {encoding!r} is not known")
    except (zlib.error, RuntimeError, zstd.ZstdError, EOFError) as error:
        raise BadRequest(400, 354, f"Cannot decompress the {encoding} body: {error}") from error
    if not ended:
        raise BadRequest(413, 354, f"The {encoding} body is cut short or over {BODY_BYTES_MAX} B")
    return plain


def pack(accepted: str, body: bytes) -> tuple[str, bytes]:
    """Compress an answer in the first encoding of `accepted` that is known, else not at all."""
    for encoding in (part.split(";")[0].strip() for part in accepted.split(",")):
        match encoding:
            case "gzip":
                return encoding, gzip.compress(body, 1)
            case "lz4":
                return encoding, bytes(lz4.frame.compress(body))
            case "zstd":
                return encoding, zstd.compress(body, 1)
    return "", body


def form_fields(content_type: str, body: bytes) -> dict[str, str]:
    """Fields of a multipart form, in which long bound values travel. Raises BadRequest."""
    form = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields: dict[str, str] = {}
    for part in form.get_payload() if form.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        value = part.get_payload(decode=True)  # type: ignore[union-attr]
        if not isinstance(name, str) or not isinstance(value, bytes) or part.get_filename():  # type: ignore[union-attr]
            raise BadRequest(400, 36, "A form may hold plain fields only, no files")
        fields[name] = value.decode()
    return fields


def parse(method: str, url: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Request:
    """Read a request whose body is already unpacked. Raises BadRequest."""
    content_type = headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        url = {**url, **form_fields(content_type, body)}
        body = b""
    settings = {k: v for k, v in url.items() if k not in _PROTOCOL and not k.startswith("param_")}
    for name in settings:
        if not _NAME.fullmatch(name):
            raise BadRequest(404, 115, f"Unknown setting {name!r}. (UNKNOWN_SETTING)")
    if method != "POST":
        settings["readonly"] = "2"
    bound = {k.removeprefix("param_"): v for k, v in url.items() if k.startswith("param_")}
    default = url.get("default_format") or headers.get("x-clickhouse-format") or DEFAULT_FORMAT
    database = url.get("database") or headers.get("x-clickhouse-database", "")
    try:
        insert = _insert(url.get("query", "").encode(), body)
        if insert:
            sql, fmt, data = insert
            return Request(sql, fmt, database, settings, bound, False, data)
        sql = _single(url.get("query", ""), body)
        named = named_format(sql)
        asks = returns_rows(sql)
    except (SqlUnreadable, UnicodeDecodeError) as error:
        raise BadRequest(400, SYNTAX_ERROR, f"Syntax error: {error}. (SYNTAX_ERROR)") from error
    sql, fmt = named if named and asks else (sql, default)
    return Request(sql, fmt, database, settings, bound, asks)


def _single(query: str, body: bytes) -> str:
    text = body.decode()
    found = statements(f"{query}\n{text}" if query and text else query or text)
    if len(found) > 1:
        raise BadRequest(400, SYNTAX_ERROR, "Multi-statements are not allowed. (SYNTAX_ERROR)")
    if not found:
        raise BadRequest(400, SYNTAX_ERROR, "Empty query. (SYNTAX_ERROR)")
    return found[0]


def _insert(query: bytes, body: bytes) -> tuple[str, str, bytes] | None:
    text, rest = (query, body) if query else (body, b"")
    # Latin-1 keeps one character a byte, so that places in the head are places in the bytes.
    head = insert_head(text[:HEAD_BYTES_MAX].decode("latin-1"))
    if not head:
        return None
    data = text[head.data_start :]
    return head.sql.encode("latin-1").decode(), head.format, data + rest if data else rest
