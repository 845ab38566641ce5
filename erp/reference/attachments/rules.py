"""What may be attached: a name that misleads nobody, and a content that is what the name says.

A content is looked at, never unpacked or executed: of a zip container only the list of its parts is read.
"""

import struct
import unicodedata
from collections.abc import Callable
from io import BytesIO
from pathlib import PurePosixPath
from zipfile import BadZipFile, ZipFile

import filetype

from erp.base.errors import RuleViolated
from erp.reference.attachments.model import Checked

LONGEST_NAME = 200  # octets in UTF-8, so that every file system keeps it
MEBIBYTE = 1 << 20

TYPES: dict[str, str] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "csv": "text/csv",
    "txt": "text/plain",
    "xml": "application/xml",
    "p7s": "application/pkcs7-signature",
    "cms": "application/cms",
}
"""Media types by the ending of a name; nothing else is taken."""

_MOST_PARTS = 10_000  # of a zip container
_LONGEST_LIST = 2 * MEBIBYTE
_END_OF_ZIP = struct.Struct("<4s4H2LH")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # the object identifier of CMS SignedData, as DER writes it
_ARMOURED = (b"-----BEGIN PKCS7-----", b"-----BEGIN CMS-----")
_WRITTEN_AS_TEXT = ("application/pdf", "application/rtf", "application/postscript")
_CONTROL = frozenset(range(0x20)) - {0x09, 0x0A, 0x0C, 0x0D} | {0x7F}


class FileMissing(RuleViolated):
    code = "file-missing"
    template = "Choose a file first."


class FileEmpty(RuleViolated):
    code = "file-empty"
    template = "The file {name} is empty. Choose one with a content."


class FileTooLarge(RuleViolated):
    code = "file-too-large"
    template = "The file {name} has {found} MB; at most {limit} MB are taken."


class FileTypeNotTaken(RuleViolated):
    code = "file-type-not-taken"
    template = "Files like {name} are not taken. Taken are: {taken}."


class FileTypeDiffers(RuleViolated):
    code = "file-type-differs"
    template = "The content of {name} is not what its name says. Save it as {expected} and attach it again."


def check(name: str, content: bytes, *, limit: int) -> Checked:
    """The file as it may be kept; ``limit`` is in bytes.

    Raises: FileEmpty, FileTooLarge, FileTypeNotTaken, FileTypeDiffers.
    """
    name = clean_name(name)
    if not content:
        raise FileEmpty(name=name)
    if len(content) > limit:
        raise FileTooLarge(name=name, found=f"{len(content) / MEBIBYTE:.1f}", limit=limit // MEBIBYTE)
    ending = PurePosixPath(name).suffix.lower().removeprefix(".")
    if ending not in TYPES:
        raise FileTypeNotTaken(name=name, taken=", ".join(sorted(TYPES)))
    if not _LOOKS[TYPES[ending]](content):
        raise FileTypeDiffers(name=name, expected=ending.upper())
    return Checked(name, TYPES[ending], content)


def clean_name(name: str) -> str:
    """A file's own name: without folders, without characters that no name has or that turn its reading around.

    >>> clean_name("C:\\\\Users\\\\..\\\\invoice\\u202efdp.exe")
    'invoicefdp.exe'
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = (" " if c.isspace() else c for c in name if unicodedata.category(c) not in _INVISIBLE or c.isspace())
    name = " ".join("".join("_" if c in '<>:"|?*' else c for c in kept).split())
    name = name.lstrip(". ").rstrip(". ")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    room = LONGEST_NAME - len((dot + ending).encode())
    if room < 1:
        return _cut(name, LONGEST_NAME)
    return _cut(stem, room).rstrip() + dot + ending or "_"


_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _cut(text: str, octets: int) -> str:
    return text.encode()[:octets].decode(errors="ignore")


def _kind(content: bytes) -> str:
    """What the first bytes say; empty where they say nothing."""
    return filetype.guess_mime(content[:8192]) or ""


def _is(*media_types: str) -> Callable[[bytes], bool]:
    return lambda content: _kind(content) in media_types


def _is_office(*needed: str) -> Callable[[bytes], bool]:
    """A container of Office Open XML with these parts, and without programs."""

    def look(content: bytes) -> bool:
        parts = _parts(content)
        return {"[Content_Types].xml", *needed} <= parts and not any(
            p.lower().endswith("vbaproject.bin") for p in parts
        )

    return look


def _is_ods(content: bytes) -> bool:
    mark = b"mimetype" + TYPES["ods"].encode()  # the first part, stored as it is
    parts = _parts(content)
    programs = ("Basic/", "Scripts/")
    return (
        content[30 : 30 + len(mark)] == mark
        and "content.xml" in parts
        and not any(p.startswith(programs) for p in parts)
    )


def _parts(content: bytes) -> set[str]:
    """Names of the parts of a zip container; none where it is no such container, or has a list beyond measure."""
    if not content.startswith(b"PK\x03\x04"):
        return set()
    at = content.rfind(b"PK\x05\x06")
    if at < 0 or len(content) - at < _END_OF_ZIP.size:
        return set()
    _, _, _, _, parts, size, _, _ = _END_OF_ZIP.unpack_from(content, at)
    if parts > _MOST_PARTS or size > _LONGEST_LIST:
        return set()
    try:
        with ZipFile(BytesIO(content)) as container:
            return {part.filename for part in container.infolist()[: _MOST_PARTS + 1]}
    except (BadZipFile, ValueError, RuntimeError, struct.error, EOFError):
        return set()


def _is_text(content: bytes) -> bool:
    """Text of a person or a program: UTF-8, UTF-16 with its mark, or an eight-bit Cyrillic one."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return not any(ord(c) in _CONTROL for c in content.decode("utf-16"))
        except UnicodeDecodeError:
            return False
    return _CONTROL.isdisjoint(content) and _kind(content) not in _WRITTEN_AS_TEXT


def _is_xml(content: bytes) -> bool:
    text = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    return _is_text(content) and (text.startswith(b"<") or content.startswith((b"\xff\xfe", b"\xfe\xff")))


def _is_signature(content: bytes) -> bool:
    """A CMS SignedData, in DER or armoured."""
    if content.lstrip().startswith(_ARMOURED):
        return _is_text(content)
    return content[:1] == b"\x30" and _SIGNED_DATA in content[:24]


_LOOKS: dict[str, Callable[[bytes], bool]] = {
    TYPES["pdf"]: _is(TYPES["pdf"]),
    TYPES["png"]: _is(TYPES["png"], "image/apng"),
    TYPES["jpg"]: _is(TYPES["jpg"]),
    TYPES["xlsx"]: _is_office("xl/workbook.xml"),
    TYPES["docx"]: _is_office("word/document.xml"),
    TYPES["ods"]: _is_ods,
    TYPES["csv"]: _is_text,
    TYPES["txt"]: _is_text,
    TYPES["xml"]: _is_xml,
    TYPES["p7s"]: _is_signature,
    TYPES["cms"]: _is_signature,
}
