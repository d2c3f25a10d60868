"""Arrays in, arrays out: the charge formula, dial-code matching, and bulk rating kernels.

Imports numpy, pyarrow, numba and cupy and nothing of ours.
"""

from kernels.book import DeckRates, build_book
from kernels.dialcodes import parse_numbers
from kernels.dispatch import BatchError, rate, warm
from kernels.layout import Book, Calls, Rated

__all__ = [
    "BatchError",
    "Book",
    "Calls",
    "DeckRates",
    "Rated",
    "build_book",
    "parse_numbers",
    "rate",
    "warm",
]
