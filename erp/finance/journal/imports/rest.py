"""What an import leaves out, as a file of its own: mended there, it is imported like any other."""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from erp.base.sheets.values import text_of
from erp.finance.journal.imports.errors import RestNotWritten
from erp.finance.journal.imports.headings import Columns, Field
from erp.finance.journal.imports.model import RefusedRow
from erp.finance.journal.imports.reading import Row


class Rest:
    """A CSV file: the first file's headings, the rows as they stood there, why, and which file they are left out of.

    It stays only where it has rows and nothing was raised, or nobody knows whether the others were posted.

    Raises: RestNotWritten, also where the file exists.
    """

    def __init__(self, path: Path, columns: Columns, mark: str, say: Callable[[Exception], str]) -> None:
        self.path = path
        self.rows = 0
        self.may_be_needed = False
        """Whether the others may be posted though something was raised: then this is all there is of its rows."""
        self._mark, self._say = mark, say
        self._own = {columns.places.get(field) for field in (Field.WHY_REFUSED, Field.LEFT_OUT_OF)}
        with self._written():
            self._file = path.open("x", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, delimiter=";")
        self._writer.writerow([*self._others(columns.headings), Field.WHY_REFUSED.value, Field.LEFT_OUT_OF.value])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        finally:
            if not self.rows or (kind is not None and not self.may_be_needed):
                self.path.unlink(missing_ok=True)

    def add(self, row: Row, faults: Sequence[RefusedRow]) -> None:
        self.rows += 1
        why = "; ".join(f"{fault.column}: {self._say(fault.error)}" for fault in faults)
        with self._written():
            self._writer.writerow([*self._others([text_of(cell) for cell in row.cells]), why, self._mark])

    def close(self) -> None:
        """Everything is on the disk."""
        with self._written():
            if not self._file.closed:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()

    def _others(self, cells: Sequence[str]) -> list[str]:
        return [cell for place, cell in enumerate(cells) if place not in self._own]

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RestNotWritten(file=self.path, reason=error.strerror or str(error)) from error
