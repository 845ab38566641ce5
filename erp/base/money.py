"""Money as whole minor units."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from erp.base.errors import RuleViolated


class AmountMalformed(RuleViolated):
    code = "amount-malformed"
    template = "“{text}” is not an amount. Write digits with at most two after the comma, like 1 234,56."


class AmountOutOfRange(RuleViolated):
    code = "amount-out-of-range"
    template = "The amount {text} is out of range; the largest is 90 000 000 000 000,00."


class NumberMalformed(RuleViolated):
    code = "number-malformed"
    template = "“{text}” cannot be read as a number with at most {places} digits after the comma."


class NumberOutOfRange(RuleViolated):
    code = "number-out-of-range"
    template = "The number {text} is larger than the books can hold."


_MAX_TIYN = 9_000_000_000_000_000  # of any scaled number
_REPEATED = 40  # characters, twice those of the largest amount
MOST_PLACES = 4  # after the comma; no currency has more
_SPACE = r"[ \u00a0\u2007-\u200a\u202f'’]"
_FORMS = tuple(
    re.compile(rf"([-−–‐‑]?)\s*([0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+)(?:{mark}([0-9]{{1,{MOST_PLACES}}})){times}")
    for group, mark, times in (
        (_SPACE, "[.,]", "?"),  # 1 234,56
        (",", r"\.", "{1}"),  # 1,234.56; without a fraction it could be 1,234 as well
        (r"\.", ",", "{1}"),  # 1.234,56
    )
)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (tiyn for KZT)."""

    tiyn: int
    currency: str = "KZT"

    def __str__(self) -> str:
        return decimal_string(self.tiyn)


def decimal_string(tiyn: int) -> str:
    """``123456`` → ``1234.56``: the form amounts have in JSON and in CSV."""
    sign = "-" if tiyn < 0 else ""
    return f"{sign}{abs(tiyn) // 100}.{abs(tiyn) % 100:02d}"


def number_string(value: Decimal) -> str:
    """``69.140000`` → ``69.14``: the form that numbers which are no amounts have in JSON and in the trail."""
    return f"{value.normalize() + 0:f}"


def parse_tiyn(text: str) -> int:
    """Tiyn of an amount as people write it: spaces between groups, comma or point; negative by a minus, or in brackets.

    Raises: AmountMalformed, AmountOutOfRange.
    """
    tiyn = _scaled(text, 2)
    if tiyn is None:
        raise AmountMalformed(text=shortened(text))
    if abs(tiyn) > _MAX_TIYN:
        raise AmountOutOfRange(text=shortened(text))
    return tiyn


def parse_scaled(text: str, places: int) -> int:
    """A number as people write it, times ten to the power ``places``, which is at most ``MOST_PLACES``.

    Raises: NumberMalformed, NumberOutOfRange.
    """
    scaled = _scaled(text, places)
    if scaled is None:
        raise NumberMalformed(text=shortened(text), places=places)
    if abs(scaled) > _MAX_TIYN:
        raise NumberOutOfRange(text=shortened(text))
    return scaled


def shortened(text: str) -> str:
    """What was typed, as far as a refusal repeats it."""
    return text if len(text) <= _REPEATED else f"{text[:_REPEATED]}…"


def scaled_string(scaled: int, places: int) -> str:
    """``12500`` of three places → ``12.5``: without needless zeros."""
    whole, fraction = divmod(abs(scaled), 10**places)
    shown = f"{whole}.{fraction:0{places}d}".rstrip("0").rstrip(".") if places else str(whole)
    return f"-{shown}" if scaled < 0 else shown


def _scaled(text: str, places: int) -> int | None:
    """``None`` where it cannot be read; beyond the largest number where it has too many digits to count."""
    bare = text.strip()
    in_brackets = bare.startswith("(") and bare.endswith(")")
    if in_brackets:
        bare = bare[1:-1].strip()
    match = next((found for form in _FORMS if (found := form.fullmatch(bare))), None)
    if match is None or len(match[3] or "") > places or (in_brackets and match[1]):
        return None
    sign, grouped, fraction = match.groups()
    whole = "".join(c for c in grouped if c.isdigit())
    if len(whole) > 100:  # int() itself refuses thousands of digits
        return _MAX_TIYN + 1
    scaled: int = int(whole) * 10**places + int((fraction or "").ljust(places, "0") or "0")
    return -scaled if sign or in_brackets else scaled


def tiyn_of_number(number: float | int | Decimal) -> int:
    """Tiyn of a spreadsheet's number, which must be a whole number of tiyn to a millionth.

    Raises: AmountMalformed, AmountOutOfRange.
    """
    scaled = Decimal(str(number)) * 100
    if scaled.is_nan():
        raise AmountMalformed(text=str(number))
    if abs(scaled) > _MAX_TIYN:
        raise AmountOutOfRange(text=str(number))
    whole = scaled.to_integral_value()
    if abs(scaled - whole) > Decimal("0.0001"):
        raise AmountMalformed(text=str(number))
    return int(whole)


def allocate(tiyn: int, weights: Sequence[int]) -> list[int]:
    """Split by largest remainder; the parts add up to ``tiyn`` exactly, ties to the earlier part.

    Args:
        weights: not negative, at least one positive.
    """
    total = sum(weights)
    assert total > 0
    parts = [tiyn * w // total for w in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(tiyn * weights[i] % total), i))
    for i in order[: tiyn - sum(parts)]:
        parts[i] += 1
    return parts
