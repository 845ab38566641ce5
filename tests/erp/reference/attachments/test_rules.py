"""What may be attached: types by content, names that mislead, containers that are traps."""

import io
import struct
import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis.strategies import binary, text

from erp.base.errors import RuleViolated
from erp.reference.attachments import rules
from erp.reference.attachments.rules import (
    FileEmpty,
    FileTooLarge,
    FileTypeDiffers,
    FileTypeNotTaken,
    check,
    clean_name,
)

LIMIT = 1 << 20

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(17)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(20)
P7S = bytes.fromhex("3082010006092a864886f70d010702a08200f1") + bytes(40)
EXE = b"MZ\x90\x00" + bytes(100)
ELF = b"\x7fELF\x02\x01\x01" + bytes(60)


def a_container(parts: Mapping[str, bytes], *, first_stored: bool = False) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as container:
        for place, (name, content) in enumerate(parts.items()):
            kind = zipfile.ZIP_STORED if first_stored and place == 0 else zipfile.ZIP_DEFLATED
            container.writestr(zipfile.ZipInfo(name), content, compress_type=kind)
    return held.getvalue()


XLSX = a_container({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
DOCX = a_container({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"})
ODS = a_container({"mimetype": rules.TYPES["ods"].encode(), "content.xml": b"<office/>"}, first_stored=True)
MACROS = a_container(
    {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>", "xl/vbaProject.bin": b"\xd0\xcf"}
)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("счёт.pdf", PDF, "application/pdf"),
        ("SCAN.PNG", PNG, "image/png"),
        ("photo.jpeg", JPEG, "image/jpeg"),
        ("table.xlsx", XLSX, rules.TYPES["xlsx"]),
        ("letter.docx", DOCX, rules.TYPES["docx"]),
        ("table.ods", ODS, rules.TYPES["ods"]),
        ("list.csv", "күні;сома\n".encode(), "text/csv"),
        ("list.csv", "дата;сумма\n".encode("cp1251"), "text/csv"),
        ("list.csv", b"BM;MZ;ID3\n", "text/csv"),
        ("note.txt", "привет".encode("utf-16"), "text/plain"),
        ("esf.xml", b'\xef\xbb\xbf<?xml version="1.0"?><esf/>', "application/xml"),
        ("act.p7s", P7S, "application/pkcs7-signature"),
        ("act.cms", b"-----BEGIN CMS-----\nMIIB\n-----END CMS-----\n", "application/cms"),
    ],
)
def test_what_is_what_it_says_is_taken_by_its_content(name: str, content: bytes, media_type: str) -> None:
    assert check(name, content, limit=LIMIT).media_type == media_type


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("invoice.pdf", EXE),
        ("invoice.pdf", b"<html><script>alert(1)</script></html>"),
        ("invoice.pdf", b"\n" + PDF),
        ("photo.png", JPEG),
        ("photo.jpg", PNG),
        ("photo.jpg", b"GIF89a" + bytes(20)),
        ("table.xlsx", DOCX),
        ("letter.docx", XLSX),
        ("table.xlsx", MACROS),
        ("table.xlsx", a_container({"payload.exe": EXE})),
        ("table.xlsx", PDF),
        ("table.ods", XLSX),
        ("list.csv", EXE),
        ("list.csv", ELF),
        ("list.csv", XLSX),
        ("note.txt", PDF),
        ("note.txt", b"text\x00text"),
        ("esf.xml", b"not a document"),
        ("act.p7s", PDF),
        ("act.cms", EXE),
        ("act.cms", b"\x30\x03\x02\x01\x01"),
    ],
)
def test_a_content_that_is_not_what_the_name_says_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(FileTypeDiffers):
        check(name, content, limit=LIMIT)


@pytest.mark.parametrize(
    "name",
    [
        "setup.exe",
        "page.html",
        "icon.svg",
        "macro.xlsm",
        "old.xls",
        "archive.zip",
        "none",
        ".pdf",
        "run.sh",
        "a.pdf.js",
    ],
)
def test_other_endings_are_not_taken_whatever_is_inside(name: str) -> None:
    with pytest.raises(FileTypeNotTaken, match="Taken are: cms, csv, docx"):
        check(name, PDF, limit=LIMIT)


def test_an_empty_file_and_one_too_large_are_refused() -> None:
    with pytest.raises(FileEmpty):
        check("a.txt", b"", limit=LIMIT)
    with pytest.raises(FileTooLarge, match=r"has 1\.0 MB; at most 1 MB"):
        check("a.txt", b"x" * (LIMIT + 1), limit=LIMIT)
    assert check("a.txt", b"x" * LIMIT, limit=LIMIT).name == "a.txt"


def test_a_bomb_is_looked_at_and_never_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    def unpack(*_: object, **__: object) -> object:
        raise AssertionError("unpacked")

    bomb = a_container({"[Content_Types].xml": b"", "xl/workbook.xml": b"", "xl/sheet.xml": bytes(200 << 20)})
    assert len(bomb) < LIMIT
    monkeypatch.setattr(zipfile.ZipFile, "open", unpack)
    assert check("table.xlsx", bomb, limit=LIMIT).media_type == rules.TYPES["xlsx"]


def test_a_container_with_a_list_beyond_measure_is_refused() -> None:
    many = a_container({"[Content_Types].xml": b"", "xl/workbook.xml": b""} | {f"p{n}": b"" for n in range(10_001)})
    with pytest.raises(FileTypeDiffers):
        check("table.xlsx", many, limit=10 * LIMIT)
    for parts, size in ((2, 0xFFFFFFF0), (0xFFFF, 90), (2, 0)):
        lying = XLSX[:-22] + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, parts, parts, size, len(XLSX), 0)
        with pytest.raises(FileTypeDiffers):
            check("table.xlsx", lying, limit=LIMIT)
    with pytest.raises(FileTypeDiffers):
        check("table.xlsx", XLSX[: len(XLSX) // 2], limit=LIMIT)


@given(binary(max_size=300), text(max_size=30))
def test_no_content_and_no_name_breaks_the_check(content: bytes, stem: str) -> None:
    for ending in rules.TYPES:
        for start in (b"", PDF[:8], b"PK\x03\x04", XLSX):
            try:
                checked = check(f"{stem}.{ending}", start + content, limit=LIMIT)
            except RuleViolated:
                continue
            assert checked.media_type in rules.TYPES.values()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Documents\\Счёт 15.pdf", "Счёт 15.pdf"),
        ("/abs/\x00a\r\nb.pdf", "a b.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("zero\u200bwidth.pdf", "zerowidth.pdf"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        ("  .hidden.pdf. ", "hidden.pdf"),
        ("и\u0306.pdf", "й.pdf"),
        ("...", "_"),
        ("", "_"),
        ("a" * 500 + ".pdf", "a" * 196 + ".pdf"),
        ("ж" * 200 + ".pdf", "ж" * 98 + ".pdf"),
    ],
)
def test_a_name_is_cleaned(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept


@given(text(max_size=400))
def test_a_clean_name_is_a_name_of_a_file_and_stays_clean(sent: str) -> None:
    name = clean_name(sent)
    assert 1 <= len(name.encode()) <= rules.LONGEST_NAME
    assert not set(name) & set('/\\<>:"|?*\0\r\n')
    assert name not in (".", "..")
    assert not name.startswith(".")
    assert clean_name(name) == name
