"""Which column means what, by its heading in Kazakh, Russian or English."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from erp.base.sheets.heads import fold
from erp.finance.journal.imports.errors import HeadingTwice
from ledger.model import Dimension


class Field(StrEnum):
    DATE = "date"
    NUMBER = "number"
    DEBIT = "debit"
    CREDIT = "credit"
    AMOUNT = "amount"
    TEXT = "text"
    JOURNAL = "journal"
    DOCUMENT_NUMBER = "document number"
    DOCUMENT_DATE = "document date"
    WHY_REFUSED = "why refused"
    """Of a file that an import left its refused rows in: for people only."""
    LEFT_OUT_OF = "left out of"
    """Of the same: the digest of the file they are from."""


REQUIRED = (Field.DATE, Field.DEBIT, Field.CREDIT, Field.AMOUNT)


@dataclass(frozen=True, slots=True)
class Value:
    """A dimension column: of the debit side, of the credit side, or (``None``) of each side that is kept by it."""

    side: Field | None
    dimension: Dimension


Meaning = Field | Value

_FIELDS = {
    Field.DATE: "date, entry date, posting date, дата, дата операции, дата проводки, период, күні, операция күні, күн",
    Field.NUMBER: "number, no, entry number, entry no, номер, №, номер операции, № операции, номер проводки,"
    " № проводки, нөмірі, нөмір, операция нөмірі",
    Field.DEBIT: "debit, dr, debit account, account debit, дебет, дт, счет дт, дт счет, счет дебета, дебет счета,"
    " счет по дебету, дебеті, шот дт, дт шот, шот дебеті, дебет шоты",
    Field.CREDIT: "credit, cr, credit account, account credit, кредит, кт, счет кт, кт счет, счет кредита,"
    " кредит счета, счет по кредиту, кредиті, шот кт, кт шот, шот кредиті, кредит шоты",
    Field.AMOUNT: "amount, sum, amount kzt, сумма, сумма тенге, сумма kzt, сумма операции, сумма проводки, сомасы,"
    " сома, сомасы теңге, операция сомасы",
    Field.TEXT: "text, description, memo, contents, operation, содержание, содержание операции, наименование операции,"
    " текст, операция, описание, назначение, комментарий, мазмұны, операцияның мазмұны, операция мазмұны, мәтін,"
    " мәтіні, операция атауы, операцияның атауы, түсініктеме",
    Field.JOURNAL: "journal, memorial order, memorial order no, журнал, мемориальный ордер, № мемориального ордера,"
    " номер мемориального ордера, мемориалдық ордер, мемориалдық ордер нөмірі, мемориалдық ордердің нөмірі",
    Field.DOCUMENT_NUMBER: "document number, document no, номер документа, № документа, документ №, документ номер,"
    " құжат нөмірі, құжаттың нөмірі, құжат №",
    Field.DOCUMENT_DATE: "document date, дата документа, документ дата, құжат күні, құжаттың күні",
    Field.WHY_REFUSED: "why refused",
    Field.LEFT_OUT_OF: "left out of",
}

_DIMENSIONS = {
    Dimension.PROGRAMME: "programme, program, budget programme, программа, бюджетная программа, бағдарлама,"
    " бюджеттік бағдарлама",
    Dimension.SPECIFIC: "specific, economic specific, специфика, экономическая специфика, ерекшелік,"
    " экономикалық ерекшелік, ерекшелігі",
    Dimension.SOURCE: "source, funding source, источник, источник финансирования, көзі, қаржыландыру көзі",
    Dimension.COUNTERPARTY: "counterparty, контрагент",
    Dimension.CONTRACT: "contract, contract no, договор, номер договора, № договора, шарт, шарт нөмірі, келісімшарт",
    Dimension.ITEM: "item, stock item, номенклатура, тмц, запас, материал, тауар, қор, номенклатурасы",
    Dimension.PROJECT: "project, проект, жоба",
    Dimension.PERSON: "person, employee, физическое лицо, физлицо, сотрудник, работник, подотчетное лицо,"
    " жеке тұлға, қызметкер, жұмыскер, есеп беретін тұлға",
    Dimension.CURRENCY: "currency, валюта, валютасы",
}

# Where these stand beside a column "counterparty", that one holds the name.
_COUNTERPARTY_NUMBERS = (
    "bin, iin, bin iin, iin bin, бин, иин, бин иин, иин бин, бин контрагента, иин контрагента, бин иин контрагента,"
    " иин бин контрагента, бсн, жсн, бсн жсн, жсн бсн, контрагент бсн, контрагент бин, контрагенттің бсн"
)

_SIDES = {
    Field.DEBIT: "debit, dr, дебет, дебета, дебету, дт",
    Field.CREDIT: "credit, cr, кредит, кредита, кредиту, кт",
}


def _split(words: str) -> list[str]:
    return [fold(word) for word in words.split(",")]


def _dimension_meanings(dimension: Dimension, words: str) -> dict[str, Meaning]:
    known: dict[str, Meaning] = {word: Value(None, dimension) for word in _split(words)}
    for side, side_words in _SIDES.items():
        for word, side_word in product(_split(words), _split(side_words)):
            known[word + side_word] = known[side_word + word] = Value(side, dimension)
    return known


_NUMBER_MEANINGS = _dimension_meanings(Dimension.COUNTERPARTY, _COUNTERPARTY_NUMBERS)
MEANINGS: dict[str, Meaning] = {word: field for field, words in _FIELDS.items() for word in _split(words)}
for _dimension, _words in _DIMENSIONS.items():
    MEANINGS |= _dimension_meanings(_dimension, _words)
MEANINGS |= _NUMBER_MEANINGS
"""Of every heading that is known, as ``fold`` writes it."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row each meaning stands, and the headings as the file writes them."""

    places: dict[Meaning, int]
    headings: tuple[str, ...]
    ignored: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.headings)

    def heading(self, meaning: Meaning) -> str:
        """The file's own word for a column; empty where it has none."""
        return self.headings[self.places[meaning]] if meaning in self.places else ""


def missing(cells: Sequence[str]) -> list[Field]:
    """What a heading row must name and this row does not."""
    meanings = {MEANINGS.get(fold(cell)) for cell in cells}
    return [field for field in REQUIRED if field not in meanings]


def recognise(cells: Sequence[str]) -> Columns:
    """The columns of a heading row.  Raises: HeadingTwice."""
    places: dict[Meaning, int] = {}
    ignored = []
    for place, heading in enumerate(cells):
        word = fold(heading)
        meaning = MEANINGS.get(word)
        if meaning is None:
            ignored += [heading] if heading.strip() else []
        elif meaning not in places:
            places[meaning] = place
        else:
            other = cells[places[meaning]]
            by_number = [word in _NUMBER_MEANINGS, fold(other) in _NUMBER_MEANINGS]
            if by_number == [True, False]:
                ignored.append(other)
                places[meaning] = place
            elif by_number == [False, True]:
                ignored.append(heading)
            else:
                raise HeadingTwice(first=other, second=heading)
    return Columns(places, tuple(cells), tuple(ignored))
