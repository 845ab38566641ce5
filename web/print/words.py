"""Sums in words, as the last line of a primary document writes them: tenge in words, tiyn in two digits."""

from collections.abc import Sequence
from dataclasses import dataclass

from erp.base.i18n import Language


def _each(words: str) -> list[str]:
    return words.split()


@dataclass(frozen=True)
class _Numerals:
    """How a language counts below a thousand, and names the thousands."""

    units: Sequence[str]
    """From nought to nineteen, or to nine where the teens are regular."""
    tens: Sequence[str]
    hundreds: Sequence[str]
    thousands: Sequence[tuple[str, str, str]]
    """After one, after two to four, after more."""
    minus: str
    money: str
    joint: str = " "
    """Between tens and units."""

    def below_thousand(self, number: int) -> list[str]:
        hundreds, rest = divmod(number, 100)
        tens, units = divmod(rest, 10)
        if rest < len(self.units):
            tens, units = 0, rest
        low = [word for word in (self.tens[tens], self.units[units] if units else "") if word]
        if self.joint != " ":
            low = [self.joint.join(low)]
        return [word for word in (self.hundreds[hundreds], *low) if word]


_KK = _Numerals(
    _each("нөл бір екі үш төрт бес алты жеті сегіз тоғыз"),
    ["", *_each("он жиырма отыз қырық елу алпыс жетпіс сексен тоқсан")],
    ["", "жүз", *(f"{n} жүз" for n in _each("екі үш төрт бес алты жеті сегіз тоғыз"))],
    [(word,) * 3 for word in ("", "мың", "миллион", "миллиард", "триллион", "квадриллион")],
    "минус",
    "теңге {tiyn:02d} тиын",
)
_RU = _Numerals(
    _each(
        "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать"
        " пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
    ),
    ["", "", *_each("двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто")],
    ["", *_each("сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот")],
    [
        ("", "", ""),
        ("тысяча", "тысячи", "тысяч"),
        *((word, f"{word}а", f"{word}ов") for word in ("миллион", "миллиард", "триллион", "квадриллион")),
    ],
    "минус",
    "тенге {tiyn:02d} тиын",
)
_EN = _Numerals(
    _each(
        "nought one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
        " seventeen eighteen nineteen"
    ),
    ["", "", *_each("twenty thirty forty fifty sixty seventy eighty ninety")],
    ["", *(f"{n} hundred" for n in _each("one two three four five six seven eight nine"))],
    [(word,) * 3 for word in ("", "thousand", "million", "billion", "trillion", "quadrillion")],
    "minus",
    "tenge {tiyn:02d} tiyn",
    "-",
)
_OF = {Language.KK: _KK, Language.RU: _RU, Language.EN: _EN}
_FEMININE = {"один": "одна", "два": "две"}  # a thousand is feminine in Russian


def sum_in_words(tiyn: int, language: Language) -> str:
    """``110000`` → ``Одна тысяча сто тенге 00 тиын``; below a quintillion tenge."""
    numerals = _OF[language]
    tenge, rest = divmod(abs(tiyn), 100)
    words = [numerals.minus] if tiyn < 0 else []
    groups = [tenge // 1000**power % 1000 for power in range(len(numerals.thousands))]
    assert tenge < 1000 ** len(groups)
    for power, group in reversed(list(enumerate(groups))):
        if group:
            said = numerals.below_thousand(group)
            if power == 1 and language is Language.RU:
                said[-1] = _FEMININE.get(said[-1], said[-1])
            words += [*said, _after(numerals.thousands[power], group)]
    if not tenge:
        words.append(numerals.units[0])
    whole = " ".join(word for word in words if word)
    return f"{whole[0].upper()}{whole[1:]} {numerals.money.format(tiyn=rest)}"


def _after(forms: tuple[str, str, str], number: int) -> str:
    """The form of a noun that stands after a number: Unicode CLDR, plural rules of Russian."""
    if number // 10 % 10 == 1:
        return forms[2]
    return forms[0] if number % 10 == 1 else forms[1] if number % 10 in (2, 3, 4) else forms[2]
