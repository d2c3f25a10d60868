"""What a sheet may be at most. Beyond it a file is refused before it costs memory."""

from typing import Final

ROWS_MAX: Final = 1_048_576
COLUMNS_MAX: Final = 256
SHEETS_MAX: Final = 64
CELLS_MAX: Final = 16_000_000
"""cells of the rectangle that holds all of a sheet's, the empty ones too"""
CELL_CHARS_MAX: Final = 32_767
LINE_CHARS_MAX: Final = 1_000_000
LINES_PER_ROW_MAX: Final = 10_000
HEADER_ROWS_MAX: Final = 100
"""rows that are looked at for a header"""
CODES_PER_CELL_MAX: Final = 10_000
RATES_MAX: Final = 2_000_000
PROBLEMS_MAX: Final = 10_000
"""problems kept; `counts["problems"]` counts all"""
PARTS_MAX: Final = 2_000
"""files within a workbook"""
UNPACKED_BYTES_MAX: Final = 512 * 1024 * 1024
RATIO_MAX: Final = 250
"""times that a part may be larger than it is when packed, beyond RATIO_FROM_BYTES"""
RATIO_FROM_BYTES: Final = 32 * 1024 * 1024
STRINGS_BYTES_MAX: Final = 256 * 1024 * 1024
"""texts of all cells, each as often as cells refer to it"""
