"""An operator's files: read whole, with clear errors."""

from pathlib import Path
from typing import Final

from billing.deck import DeckOptions, parse_options
from billing.errors import FileRefused, OptionsRefused

FILE_BYTES_MAX: Final = 512 * 1024 * 1024


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises FileRefused."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise FileRefused(f"{path}: larger than {FILE_BYTES_MAX >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror}") from None


def read_text(path: Path) -> str:
    """The text of a file that people write. Raises FileRefused, OptionsRefused."""
    try:
        return read_file(path).decode()
    except UnicodeDecodeError:
        raise OptionsRefused(f"{path}: not UTF-8 text: is it TOML?") from None


def read_options(path: Path | None, currency: str | None) -> DeckOptions:
    """Options of a TOML file, or the defaults. Raises FileRefused, OptionsRefused."""
    if path is None:
        options = DeckOptions()
    else:
        folder = path.parent
        options = parse_options(read_text(path), str(path), lambda name: read_file(folder / name))
    return options._replace(currency=currency) if currency else options
