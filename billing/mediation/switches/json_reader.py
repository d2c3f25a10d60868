"""Formats of one JSON document a record; a document may have one line or several."""

from typing import ClassVar

from billing.mediation.switches.json_table import read_documents
from billing.mediation.switches.lines import Records, documents_end, split_documents
from billing.mediation.switches.reader import Read, Reader
from kernels.layout import I64


class JsonReader(Reader):
    """Documents whose fields are found by paths."""

    ENCODED: ClassVar[bool] = False
    """whether values are URL-encoded"""

    def boundary(self, data: bytes) -> int:
        """How many leading bytes are whole documents."""
        return documents_end(data)

    def _paths(self) -> dict[str, tuple[str, ...]]:
        raise NotImplementedError

    def _split(self, data: bytes, line: int) -> Records:
        return split_documents(data, line)

    def _read(self, records: Records, which: I64) -> Read:
        return Read(*read_documents(records, which, self._paths(), self.ENCODED))
