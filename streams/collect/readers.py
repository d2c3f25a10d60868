"""Where the state of a reader is kept: with its file, or with its source where calls span files.

A format that pairs records (the beginning of a call and its end) may find them in two files, as
when a file is rotated during a call, or each of a switch's processes writes its own.
"""

from billing.mediation.switches import Source
from streams.collect.file_row import FileRow
from streams.collect.ledger import Ledger
from streams.collect.options import spans_files
from streams.collect.step import Step


def state(source: Source, row: FileRow, step: Step, ledger: Ledger) -> bytes:
    """What the reader of a file is opened with."""
    if not spans_files(source):
        return row.reader
    if source.name not in step.readers:
        step.readers[source.name] = ledger.reader_state(source.name)
    return step.readers[source.name]


def kept(source: Source, row: FileRow, step: Step, after: bytes) -> FileRow:
    """The row with the reader's state after it, or the step with it."""
    if not spans_files(source):
        return row._replace(reader=after)
    step.readers[source.name] = after
    return row
