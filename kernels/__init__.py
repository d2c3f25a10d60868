"""Arrays in, arrays out: the charge formula, dial-code matching, and bulk rating kernels.

Imports numpy, pyarrow, numba and cupy and nothing of ours.
"""

import hashlib
from pathlib import Path

from numba import config as _numba

# Numba keys its cache on the one file that holds a compiled function, not on what is compiled into
# it: without this, an edit of charge.py would go on charging by the old formula.
_folder = Path(__file__).parent
_sources = hashlib.sha256(b"".join(f.read_bytes() for f in sorted(_folder.rglob("*.py"))))
_numba.CACHE_DIR = str(
    Path(_numba.CACHE_DIR or _folder / "__pycache__") / f"numba-{_sources.hexdigest()[:16]}"
)

from kernels.batch import BatchError
from kernels.book import DeckRates
from kernels.dialcodes import parse_numbers
from kernels.dispatch import empty_rated, rate
from kernels.layout import Book, Calls, Leg, Nodes, Numbers, Rated
from kernels.library import Library, build_book
from kernels.warm import warm

__all__ = [
    "BatchError",
    "Book",
    "Calls",
    "DeckRates",
    "Leg",
    "Library",
    "Nodes",
    "Numbers",
    "Rated",
    "build_book",
    "empty_rated",
    "parse_numbers",
    "rate",
    "warm",
]
