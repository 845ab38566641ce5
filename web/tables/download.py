"""The answer that brings a table as a file, written while its rows are read and sent as it lies on the disk."""

from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from litestar.response import Stream

from api.security import Visit
from erp.base.uow import UnitOfWork
from web.tables import csv_file, sheet
from web.tables.model import About, Table

FORMATS = ("xlsx", "csv")
_IN_MEMORY = 1 << 20
_CHUNK = 1 << 16
_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}


def download(visit: Visit, form: str, make: Callable[[UnitOfWork], tuple[Table, About]]) -> Stream:
    """The table that ``make`` reads, as a file of one of the ``FORMATS``."""

    def written(uow: UnitOfWork) -> tuple[IO[bytes], str]:
        table, about = make(uow)
        file: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        if form == "xlsx":
            sheet.write(table, about, file)
        else:
            csv_file.write(table, file)
        file.seek(0)
        return file, about.file_name

    file, name = visit.read(written)
    media_type = sheet.MEDIA_TYPE if form == "xlsx" else csv_file.MEDIA_TYPE
    head = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Stream(_chunks(file), media_type=media_type, headers=head)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
