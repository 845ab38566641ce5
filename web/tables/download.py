"""The answer that brings a table as a file, written while its rows are read and sent as it lies on the disk."""

from collections.abc import Callable, Iterator
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from litestar.response import Stream

from api.security import Visit
from erp.base import clock
from erp.base.uow import UnitOfWork
from erp.reference.organisations.model import Organisation
from web.i18n import moment, speech
from web.tables import csv_file, pdf, sheet
from web.tables.model import About, Table

FORMATS = ("xlsx", "csv", "pdf")
_MEDIA_TYPES = {"xlsx": sheet.MEDIA_TYPE, "csv": csv_file.MEDIA_TYPE, "pdf": pdf.MEDIA_TYPE}
_IN_MEMORY = 1 << 20
_CHUNK = 1 << 16
_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}


def about(
    visit: Visit, organisation: Organisation | None, file_name: str, *facts: tuple[str, str], **said: Any
) -> About:
    """What a file says of itself: whose it is, ``facts``, when it was made and by whom."""
    say, made_at = speech(visit.language), clock.now()
    person = visit.identity.user.name if visit.identity else ""
    whose = (
        [("", organisation.name(visit.language)), (say("BIN"), organisation.code)]
        if organisation
        else [("", say("Qazyna"))]
    )
    made = f"{say('Made')}: {moment(made_at)}, {person}"
    return About([*whose, *facts], made_at, file_name, made, visit.language, **said)


def download(visit: Visit, form: str, make: Callable[[UnitOfWork], tuple[Table, About]]) -> Stream:
    """The table that ``make`` reads, as a file of one of the ``FORMATS``.

    Raises: TooManyRows, and what the press does, of a PDF.
    """

    def written(uow: UnitOfWork) -> tuple[IO[bytes], str]:
        table, about = make(uow)
        file: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        if form == "xlsx":
            sheet.write(table, about, file)
        else:
            csv_file.write(table, file)
        file.seek(0)
        return file, about.file_name

    if form == "pdf":
        copy = visit.read(lambda uow: pdf.Copy.of(*make(uow)))
        file: IO[bytes] = BytesIO(pdf.write(copy))  # once the database is free again
        name = copy.about.file_name
    else:
        file, name = visit.read(written)
    head = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Stream(_chunks(file), media_type=_MEDIA_TYPES[form], headers=head)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
