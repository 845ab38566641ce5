"""Entries as the text that COPY takes into ``ledger_stage``, and the digest of what they say."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from uuid import UUID

from ledger import errors
from ledger.model import JournalEntry, Posting

COPY = (
    "COPY ledger_stage (batch, row_no, entry_no, no, journal_id, kind, effective_on, document_on, source_line, memo,"
    " document_number, debit_id, credit_id, amount_tiyn, line_memo, debit_quantity_milli, credit_quantity_milli,"
    " debit_currency_minor, credit_currency_minor) FROM STDIN"
)

MOST_POSTINGS = 32_767
"""Lines that one entry may have."""

_BLOCK = 5000  # postings
_NULL = r"\N"
_NO_NUMBERS = (None, None, None, None)
_NOTHING_MORE = "\t".join([_NULL] * 5) + "\n"
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class Staging:
    """One pass over a batch's entries; its totals and digest are whole when the pass is."""

    def __init__(self, organisation_id: int, entries: Iterable[JournalEntry]) -> None:
        self._organisation_id = organisation_id
        self._given = entries
        self._digest = sha256()
        self.entries = 0
        self.postings = 0
        self.amount_tiyn = 0

    @property
    def digest(self) -> bytes:
        return self._digest.digest()

    def blocks(self, batch: UUID) -> Iterator[bytes]:
        """Text for COPY, some thousand rows at a time.  Raises: NoPostings, TooManyPostings."""
        start = f"{batch}\t"
        for lines in self._lines():
            self._digest.update("".join(lines).encode())
            yield (start + start.join(lines)).encode()

    def _lines(self) -> Iterator[list[str]]:
        lines: list[str] = []
        for entry in self._given:
            assert entry.organisation_id == self._organisation_id, "a batch is one organisation's"
            if not entry.postings:
                raise errors.NoPostings()
            if len(entry.postings) > MOST_POSTINGS:
                raise errors.TooManyPostings(found=len(entry.postings), limit=MOST_POSTINGS)
            self.entries += 1
            said = (
                f"{entry.journal_id}\t{entry.kind.value}\t{entry.effective_on}\t{_or_null(entry.document_on)}"
                f"\t{_or_null(entry.source.line)}\t{_text(entry.memo)}\t{_text(entry.document_number)}"
            )
            for no, p in enumerate(entry.postings, start=1):
                self.postings += 1
                self.amount_tiyn += p.amount_tiyn
                lines.append(
                    f"{self.postings}\t{self.entries}\t{no}\t{said}\t{p.debit_id}\t{p.credit_id}\t{p.amount_tiyn}\t{_more(p)}"
                )
            if len(lines) >= _BLOCK:
                yield lines
                lines = []
        if lines:
            yield lines


def _more(p: Posting) -> str:
    numbers = (p.debit_quantity_milli, p.credit_quantity_milli, p.debit_currency_minor, p.credit_currency_minor)
    if p.memo is None and numbers == _NO_NUMBERS:
        return _NOTHING_MORE
    return "\t".join([_NULL if p.memo is None else _text(p.memo), *map(_or_null, numbers)]) + "\n"


def _or_null(value: object) -> str:
    return _NULL if value is None else str(value)


def _text(text: str) -> str:
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPED)
