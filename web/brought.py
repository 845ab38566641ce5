"""What pages of brought tables share: the file or the pasted cells, and what was written over cells."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from litestar.datastructures import UploadFile

from erp.base.clock import now
from erp.base.sheets.model import Mended
from erp.reference.attachments.rules import FileEmpty, FileMissing, FileTooLarge, clean_name
from web.forms import number_typed, tidy
from web.i18n import Speech, moment
from web.pages import Ask


class ShownCell(NamedTuple):
    """A cell of a row that is shown: its place, what it says, what is wrong with it, whether somebody mended it."""

    address: str
    text: str
    fault: str
    mended: bool


class Texts(Protocol):
    """What cells said as they were brought, by address."""

    def __contains__(self, place: str, /) -> bool: ...

    def __getitem__(self, place: str, /) -> str: ...


def source(request: Ask, data: Mapping[str, Any], say: Speech) -> tuple[bytes | str, str]:
    """What was pasted, else the file, with its name.  Raises: FileMissing, FileEmpty, FileTooLarge."""
    pasted = str(data.get("text", ""))
    if pasted.strip():
        return pasted, say("Pasted {at}", at=moment(now()))
    return file_sent(request, data.get("file"))


def file_sent(request: Ask, sent: object) -> tuple[bytes, str]:
    """Raises: FileMissing, FileEmpty, FileTooLarge."""
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise FileMissing()
    name, content, limit = clean_name(sent.filename), sent.file.read(), request.app.state.largest_file
    if not content:
        raise FileEmpty(name=name)
    if len(content) > limit:
        raise FileTooLarge(name=name, found=f"{len(content) / (1 << 20):.1f}", limit=limit >> 20)
    return content, name


def written_over(brought: Texts, before: Mended, data: Mapping[str, str]) -> Mended:
    """What a form says of cells and of rows left out; what is not in it stays."""
    cells, left = dict(before.cells), set(before.left)
    for name, text in data.items():
        kind, _, place = name.partition(".")
        if kind == "cell" and place in brought:
            cells[place] = tidy(text)
            if cells[place] == brought[place]:
                del cells[place]
        elif kind == "shown" and (row := number_typed(place)) is not None:
            left = left | {row} if data.get(f"leave.{place}") else left - {row}
    return Mended(cells, frozenset(left))
