"""Words, numbers and days as a reader of each language expects them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from erp.base.clock import LOCAL_TIME
from erp.base.dates import DayMalformed, MonthMalformed, day_string, parse_day, parse_month
from erp.base.i18n import N_, Language
from erp.base.money import number_string
from erp.finance.journal.model import Measured
from erp.reference.organisations.model import Organisation
from ledger.model import Dimension

LOCALE = Path(__file__).parent / "locale"
NO_BREAK = "\u00a0"
MINUS = "\u2212"

DIMENSIONS: dict[Dimension, str] = {
    Dimension.PROGRAMME: N_("Budget programme"),
    Dimension.SPECIFIC: N_("Specific"),
    Dimension.SOURCE: N_("Funding source"),
    Dimension.COUNTERPARTY: N_("Counterparty"),
    Dimension.CONTRACT: N_("Contract"),
    Dimension.ITEM: N_("Item"),
    Dimension.PROJECT: N_("Project"),
    Dimension.PERSON: N_("Person"),
    Dimension.CURRENCY: N_("Currency"),
}

_LETTERS = {letter: ord("А") + place for place, letter in enumerate("аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя")}

_MONTHS: dict[Language, tuple[str, ...]] = {
    Language.KK: (
        "қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым",
        "шілде", "тамыз", "қыркүйек", "қазан", "қараша", "желтоқсан",
    ),
    Language.RU: (
        "январь", "февраль", "март", "апрель", "май", "июнь",
        "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
    ),
    Language.EN: (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip

_MONTH_OF_YEAR: dict[Language, str] = {
    Language.KK: "{year} ж. {name}",
    Language.RU: "{name} {year}",
    Language.EN: "{name} {year}",
}


def money(tiyn: int) -> str:
    """``-123456789`` → ``−1 234 567,89``."""
    whole, fraction = divmod(abs(tiyn), 100)
    return f"{MINUS if tiyn < 0 else ''}{whole:,}".replace(",", NO_BREAK) + f",{fraction:02d}"


def number(value: Decimal) -> str:
    """``-1234.50`` → ``−1 234,5``: what is no amount."""
    sign, shown = MINUS if value < 0 else "", number_string(abs(value))
    whole, point, fraction = shown.partition(".")
    return f"{sign}{int(whole):,}".replace(",", NO_BREAK) + f"{point.replace('.', ',')}{fraction}"


@cache
def countries(language: str) -> dict[str, str]:
    """Names of countries by their codes (ISO 3166-1), in the order of the language's alphabet."""
    named = {code: str(name) for code, name in Locale(language).territories.items() if len(code) == 2}
    kept = {code: name for code, name in named.items() if code.isalpha() and code not in _NO_COUNTRIES}
    return dict(sorted(kept.items(), key=lambda each: alphabetical(each[1])))


_NO_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "XK", "ZZ"}  # groups, and codes for tests


UNITS = {"tiyn": N_("tenge and tiyn"), "tenge": N_("whole tenge"), "thousand": N_("thousands of tenge")}
"""In which reports write amounts."""


_STEPS = {"tenge": (100, 0), "thousand": (10_000, 1), "million": (10_000_000, 1)}
"""How many tiyn the last digit stands for, and digits after the comma."""


def money_in(unit: str) -> Callable[[int], str]:
    """Writes tiyn in a unit, a half rounded away from zero; thousands and millions have one decimal."""
    if unit == "tiyn":
        return money
    step, places = _STEPS[unit]

    def written(tiyn: int) -> str:
        number = (abs(tiyn) + step // 2) // step
        whole, fraction = divmod(number, 10**places)
        sign = MINUS if tiyn < 0 and number else ""
        return f"{sign}{whole:,}".replace(",", NO_BREAK) + (f",{fraction}" if places else "")

    return written


def measure(measured: Measured) -> str:
    """``12500`` thousandths → ``12,5``; an amount of a currency with all its decimal places: ``1 234,50``."""
    whole, fraction = divmod(abs(measured.scaled), 10**measured.places)
    decimals = f"{fraction:0{measured.places}d}" if measured.places else ""
    if not measured.unit:
        decimals = decimals.rstrip("0")
    sign = MINUS if measured.scaled < 0 else ""
    return f"{sign}{whole:,}".replace(",", NO_BREAK) + (f",{decimals}" if decimals else "")


def money_or_blank(tiyn: int) -> str:
    return money(tiyn) if tiyn else ""


def moment(at: datetime) -> str:
    """An instant in the country's time: ``22.11.2026 14:05``."""
    return f"{at.astimezone(LOCAL_TIME):%d.%m.%Y %H:%M}"


def size(octets: int, language: Language) -> str:
    """Of a file: ``1,4 MB``; what is smaller in whole kilobytes."""
    kilo, mega = ("KB", "MB") if language == Language.EN else ("КБ", "МБ")
    if octets < 1 << 20:
        return f"{max(1, octets >> 10)}{NO_BREAK}{kilo}"
    return f"{octets / (1 << 20):.1f}{NO_BREAK}{mega}".replace(".", ",")


def alphabetical(name: str) -> list[int]:
    """Sort key of a name in the Kazakh alphabet, of which the Russian is a part; quotation marks do not count."""
    return [_LETTERS.get(letter, ord(letter)) for letter in name.strip('«»“”" ').casefold()]


def _form_in_russian(number: int) -> int:
    if number // 10 % 10 == 1:
        return 2
    return 0 if number % 10 == 1 else 1 if number % 10 in (2, 3, 4) else 2


_FORM_OF: dict[Language, Callable[[int], int]] = {
    Language.KK: lambda _: 0,
    Language.RU: _form_in_russian,
    Language.EN: lambda number: int(number != 1),
}
"""Which of the forms of a noun stands after a number: Unicode CLDR, plural rules, whole numbers."""


class _Counted(int):
    """A number that a message may follow with a noun: ``{n:запись|записи|записей}``, ``{n:жазба}``."""

    language: Language

    def __new__(cls, number: int, language: Language) -> "_Counted":
        made = super().__new__(cls, number)
        made.language = language
        return made

    def __format__(self, forms: str) -> str:
        if "|" not in forms and forms.isascii():  # ``{n}``, ``{n:03d}``
            return super().__format__(forms)
        return f"{int(self)} {forms.split('|')[_FORM_OF[self.language](abs(self))]}"


class Speech:
    """One language: its catalogue and its way of naming months."""

    def __init__(self, language: Language) -> None:
        self.language = language

    @cached_property
    def _catalogue(self) -> NullTranslations:
        path = catalogue_path(self.language)
        if not path.exists():
            return NullTranslations()
        compiled = BytesIO()
        with path.open("rb") as source:
            write_mo(compiled, read_po(source, locale=self.language.value))
        compiled.seek(0)
        return Translations(compiled)

    def __call__(self, message: str, **fields: Any) -> str:
        """The message in this language, its ``{fields}`` filled; ``{n:block|blocks}`` takes the form of the number."""
        found = self._catalogue.gettext(message) if message else ""  # that of nothing is the head of the catalogue
        counted = {name: self._counted(value) for name, value in fields.items()}
        return found.format(**counted) if fields else found

    def _counted(self, value: Any) -> Any:
        return _Counted(value, self.language) if type(value) is int else value

    def month(self, day: date) -> str:
        """``қараша 2026``, the year where the language puts it."""
        return self._of_year(self._month_name(day), day.year)

    def months(self, first: date, last: date) -> str:
        """A span of months; the year is said once when it is one."""
        if first == last:
            return self.month(first)
        if first.year == last.year:
            return self._of_year(f"{self._month_name(first)} – {self._month_name(last)}", first.year)
        return f"{self.month(first)} – {self.month(last)}"

    def _month_name(self, day: date) -> str:
        return _MONTHS[self.language][day.month - 1]

    def _of_year(self, name: str, year: int) -> str:
        return _MONTH_OF_YEAR[self.language].format(name=name, year=year)

    def dimension(self, dimension: Dimension) -> str:
        return self(DIMENSIONS[dimension])

    def refusal(self, error: Exception) -> str:
        """The sentence of a refusal, with its facts as this language writes them; another error's own words."""
        template: str | None = getattr(error, "template", None)
        if template is None:
            return str(error)
        return self.told(template, getattr(error, "fields", {}))

    def told(self, template: str, facts: Mapping[str, Any]) -> str:
        """The sentence of a refusal that was kept as its template and its facts."""
        return self._catalogue.gettext(template).format(**{n: self._fact(n, v) for n, v in facts.items()})

    def _fact(self, name: str, value: Any) -> str:
        if isinstance(value, list | tuple):
            inside = {"months": "month"}.get(name, "dimension")
            return ", ".join(self._fact(inside, item) for item in value)
        if isinstance(value, Exception):
            return self.refusal(value)
        if isinstance(value, date):
            return day_string(value)
        if isinstance(value, Organisation):
            return f"{value.name(self.language)} ({value.code})"
        read = self._readers().get(name)
        return read(str(value)) if read else str(value)

    def _readers(self) -> dict[str, Callable[[str], str]]:
        days = dict.fromkeys(("day", "entry_day"), _day_fact)
        months = dict.fromkeys(("month", "first", "last"), self._month_fact)
        instants = dict.fromkeys(("instant", "sealed_at"), _instant_fact)
        return {**days, **months, **instants, "dimension": self._dimension_fact}

    def _month_fact(self, text: str) -> str:
        try:
            return self.month(parse_month(text))
        except MonthMalformed:
            return text

    def _dimension_fact(self, slug: str) -> str:
        return self.dimension(Dimension.of(slug)) if slug.upper() in Dimension.__members__ else slug


def _day_fact(text: str) -> str:
    try:
        return day_string(parse_day(text))
    except DayMalformed:
        return text


def _instant_fact(text: str) -> str:
    """An instant as the database tells it, in the country's time; what is none, as it is."""
    try:
        return moment(datetime.fromisoformat(text))
    except ValueError:
        return text


def catalogue_path(language: Language) -> Path:
    return LOCALE / language.value / "LC_MESSAGES" / "messages.po"


@cache
def speech(language: Language) -> Speech:
    return Speech(language)


def translate(error: Exception, language: Language) -> str:
    """The sentence of a refusal in a language."""
    return speech(language).refusal(error)
