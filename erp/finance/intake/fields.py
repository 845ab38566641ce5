"""Which field a head means, in Kazakh, Russian or English, as 1C and people write it."""

from collections.abc import Collection, Mapping
from itertools import product

from erp.base.sheets.heads import fold
from erp.finance.intake.model import REGISTRAR, SUBCONTO, Purpose
from erp.finance.journal.imports.headings import MEANINGS, Field, Meaning

_IMPORTED = {
    Field.DATE: "effective_on",
    Field.NUMBER: "document_number",
    Field.DOCUMENT_NUMBER: "document_number",
    Field.DOCUMENT_DATE: "document_on",
    Field.DEBIT: "debit.account",
    Field.CREDIT: "credit.account",
    Field.AMOUNT: "amount",
    Field.TEXT: "memo",
    Field.JOURNAL: "journal",
}
_SIDES = {
    "debit.": ("дт", "дебет", "дебета", "дебету", "дебеті", "debit", "dr"),
    "credit.": ("кт", "кредит", "кредита", "кредиту", "кредиті", "credit", "cr"),
}
_OF_A_SIDE = {
    "account": ("счет", "сч", "счет учета", "шот", "шоты", "account", "корр счет", "коррсчет"),
    "quantity": ("количество", "кол-во", "кол", "саны", "мөлшері", "quantity", "qty"),
    "currency_amount": (
        "валютная сумма", "вал сумма", "сумма вал", "сумма в валюте", "сумма валюта", "валюталық сома",
        "валютадағы сома", "currency amount", "amount in currency",
    ),
    SUBCONTO: tuple(
        f"{word}{number}"
        for word in ("субконто", "аналитика", "субконто№")
        for number in ("", "1", "2", "3", "4")
    ),
}  # fmt: skip
_OTHERS = {
    "amount": ("сумма в тенге", "сумма тг", "сумма нұ", "сумма бу", "теңге", "тенге", "сомасы тг", "turnover"),
    "memo": ("содержание проводки", "комментарии", "примечание", "основание", "назначение платежа", "төлем мақсаты"),
    REGISTRAR: ("документ", "регистратор", "первичный документ", "құжат", "бастапқы құжат", "document", "registrar"),
    "journal": ("мо", "№ мо", "№ журнала", "номер журнала", "журнал операций"),
}
_COUNTERPARTY = {
    "code": (
        "иин", "бин", "иин бин", "бин иин", "рнн бин", "иин/бин", "бин/иин", "жсн", "бсн", "жсн бсн", "бсн жсн", "iin",
        "bin", "bin iin", "iin bin", "code", "код", "идентификационный номер", "сәйкестендіру нөмірі",
    ),
    "name_ru": (
        "наименование", "название", "полное наименование", "наименование полное", "контрагент", "фио", "ф и о",
        "фамилия имя отчество", "name", "name ru", "наименование на русском", "орысша атауы",
    ),
    "name_kk": ("атауы", "қазақша атауы", "наименование на казахском", "наименование каз", "name kk", "аты жөні"),
    "name_en": ("name en", "english name", "наименование на английском", "ағылшынша атауы"),
}  # fmt: skip


def _slug(meaning: Meaning) -> str | None:
    if isinstance(meaning, Field):
        return _IMPORTED.get(meaning)
    side = {Field.DEBIT: "debit.", Field.CREDIT: "credit.", None: ""}[meaning.side]
    return f"{side}dimensions.{meaning.dimension.slug}"


def _entries() -> dict[str, set[str]]:
    words: dict[str, set[str]] = {}
    for word, meaning in MEANINGS.items():
        if slug := _slug(meaning):
            words.setdefault(slug, set()).add(word)
    for name, called in _OF_A_SIDE.items():
        for side, side_words in _SIDES.items():
            both = {form for a, b in product(called, side_words) for form in (a + b, b + a)}
            words.setdefault(side + name, set()).update(both)
        if name in ("quantity", "currency_amount"):
            words.setdefault(name, set()).update(called)
    for side, side_words in _SIDES.items():  # Субконто Дт 1
        numbered = {f"субконто{word}{n}" for word, n in product(side_words, range(1, 5))}
        words[side + SUBCONTO] |= numbered | {f"аналитика{word}{n}" for word, n in product(side_words, range(1, 5))}
    for name, called in _OTHERS.items():
        words.setdefault(name, set()).update(called)
    for slug in list(words):  # a head may be the field's own name too: what this program writes, it reads
        words[slug].add(slug)
    meant: dict[str, str] = {}
    for slug, heads in words.items():
        for word in heads:
            meant.setdefault(fold(word), slug)  # what two fields are called is the first one's
    return {slug: {word for word, meaning in meant.items() if meaning == slug} for slug in words}


WANTED: Mapping[Purpose, Mapping[str, Collection[str]]] = {
    Purpose.ENTRIES: _entries(),
    Purpose.COUNTERPARTIES: {name: {fold(word) for word in (*heads, name)} for name, heads in _COUNTERPARTY.items()},
}
