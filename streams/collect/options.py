"""What a source says of how its records are got: the table [sources.NAME.collect], parsed whole.

What the records mean is the business of billing.mediation.switches; here is only where they lie or
arrive, and when a file is finished. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from billing.errors import OptionsRefused
from billing.mediation.switches import FORMATS, Ported, Source, open_reader
from billing.mediation.switches.reader import Reader

GLOBS_MAX: Final = 16
TOKENS_MAX: Final = 8
WHOLE_AFTER_S: Final = 5
GROWN_AFTER_S: Final = 86_400
AFTER_S_MAX: Final = 31 * 86_400
_PATH: Final = re.compile(r"/[A-Za-z0-9._/-]{1,200}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    directory: str = ""
    glob: str | list[str] = "*"
    files: Literal["growing", "whole"] = "growing"
    finished_after_s: Annotated[int, msgspec.Meta(ge=0, le=AFTER_S_MAX)] | None = None
    done: Literal["keep", "delete", "move"] = "keep"
    done_directory: str = ""
    path: str = ""
    token_sha256: str | list[str] = ""
    user: str = ""
    ported: str = ""


class Folder(NamedTuple):
    """A directory that files are read from."""

    directory: str
    globs: tuple[str, ...]
    whole: bool
    """whether files come in one piece: none is looked into before it is finished"""
    finished_after_s: int
    """unchanged for so long, a file is finished: its last record has no more to come"""
    done: str
    """what becomes of a finished file: keep, delete, move"""
    done_directory: str


class Post(NamedTuple):
    """A path that records are posted to."""

    path: str
    tokens: tuple[bytes, ...]
    """SHA-256 of each token that is let in"""
    user: str
    """of basic authentication, with a token as the password; "": any"""


class Intake(NamedTuple):
    """A source and the ways its records come in: at least one."""

    source: Source
    folder: Folder | None
    post: Post | None
    ported_file: str = ""
    """of the table of ported numbers; "": none"""
    ported: Ported | None = None
    """the table, once it has been read"""

    def reader(self, state: bytes = b"") -> Reader:
        """A reader of the source's records. Raises ValueError for a state of another version."""
        return open_reader(self.source, state, self.ported)


def spans_files(source: Source) -> bool:
    """Whether one reader reads all files of a source: records of its format wait for others."""
    return FORMATS[source.format].waiting is not Reader.waiting


def intakes(sources: Sequence[Source], file: str) -> list[Intake]:
    """How each source is collected. Raises OptionsRefused naming file, key and value."""
    found = [_intake(source, source.collect, file) for source in sources]
    if not found:
        raise OptionsRefused(f"{file}: no [sources.NAME] table: nothing to collect")
    paths: dict[str, str] = {}
    for intake in (i for i in found if i.post):
        assert intake.post is not None
        other = paths.setdefault(intake.post.path, intake.source.name)
        if other != intake.source.name:
            raise OptionsRefused(
                f"{file}: sources.{intake.source.name}.collect.path={intake.post.path!r}: "
                f"source {other} has this path; each needs its own"
            )
    return found


def _intake(source: Source, table: Mapping[str, Any], file: str) -> Intake:
    at = f"{file}: sources.{source.name}.collect"
    try:
        given = msgspec.convert(dict(table), _Table)
    except msgspec.ValidationError as error:
        raise OptionsRefused(_flaw(at, table, str(error))) from None
    folder, post = _folder(at, given), _post(at, given)
    if folder is None and post is None:
        raise OptionsRefused(
            f"{at}: needs `directory` (files) or `path` (HTTP), or both: see docs/collect.md"
        )
    if post and spans_files(source):
        raise OptionsRefused(
            f"{at}.path={post.path!r}: records of format {source.format} wait for others, which a "
            "post cannot; collect them from files"
        )
    if given.ported and not given.ported.startswith("/"):
        raise OptionsRefused(f"{at}.ported={given.ported!r}: must begin with /")
    return Intake(source, folder, post, given.ported)


def _flaw(at: str, table: Mapping[str, Any], said: str) -> str:
    found = re.search(r"`\$\.(\w+)|unknown field `(\w+)`", said)
    if found is None:
        return f"{at}: {said}"
    field = found.group(1) or found.group(2)
    return f"{at}.{field}={table.get(field)!r}: {said}; see docs/collect.md"


def _folder(at: str, given: _Table) -> Folder | None:
    if not given.directory:
        return None
    if not given.directory.startswith("/"):
        raise OptionsRefused(f"{at}.directory={given.directory!r}: must begin with /")
    globs = (given.glob,) if isinstance(given.glob, str) else tuple(given.glob)
    if not 0 < len(globs) <= GLOBS_MAX or not all(globs) or any("/" in g for g in globs):
        raise OptionsRefused(
            f"{at}.glob={given.glob!r}: 1 to {GLOBS_MAX} patterns of names, without /"
        )
    moves = given.done == "move"
    if moves != given.done_directory.startswith("/"):
        needs = "must begin with /" if moves else 'has no use without done = "move"'
        raise OptionsRefused(f"{at}.done_directory={given.done_directory!r}: {needs}")
    if moves and given.done_directory.rstrip("/") == given.directory.rstrip("/"):
        raise OptionsRefused(
            f"{at}.done_directory={given.done_directory!r}: is the directory itself"
        )
    whole = given.files == "whole"
    after_s = given.finished_after_s
    if after_s is None:
        after_s = WHOLE_AFTER_S if whole else GROWN_AFTER_S
    return Folder(given.directory, globs, whole, after_s, given.done, given.done_directory)


def _post(at: str, given: _Table) -> Post | None:
    if not given.path:
        if given.token_sha256 or given.user:
            raise OptionsRefused(f"{at}.path='': token_sha256 and user are of no use without it")
        return None
    if not _PATH.fullmatch(given.path):
        raise OptionsRefused(f"{at}.path={given.path!r}: / and letters, digits, . _ - /")
    said = given.token_sha256
    tokens = [said] if isinstance(said, str) else said
    if not 0 < len(tokens) <= TOKENS_MAX or not all(map(_SHA256.fullmatch, tokens)):
        raise OptionsRefused(
            f"{at}.token_sha256: 1 to {TOKENS_MAX} hashes of 64 lower-case hexadecimal digits; "
            "`tollwire collect token` makes a token and its hash"
        )
    if ":" in given.user:
        raise OptionsRefused(f"{at}.user={given.user!r}: without a colon")
    return Post(given.path, tuple(map(bytes.fromhex, tokens)), given.user)
