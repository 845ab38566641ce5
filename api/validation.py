"""What is wrong with a request's form, field by field, in sentences of our own.

pydantic and msgspec speak English and quote what they found; a caller gets a stable code, a sentence in their language
and the place as a JSON pointer (RFC 6901), and nothing of what was sent.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from litestar.exceptions import HTTPException, SerializationException, ValidationException

from erp.base.errors import DomainError, NotFound, NotPermitted, RuleViolated
from ledger.errors import LedgerError


class FieldMissing(RuleViolated):
    code = "field-missing"
    template = "This is needed and was not sent."


class FieldUnknown(RuleViolated):
    code = "field-unknown"
    template = "There is no such field here."


class WordsExpected(RuleViolated):
    code = "words-expected"
    template = "A text is expected here."


class WholeNumberExpected(RuleViolated):
    code = "whole-number-expected"
    template = "A whole number is expected here."


class SwitchExpected(RuleViolated):
    code = "switch-expected"
    template = "Say true or false here."


class ListExpected(RuleViolated):
    code = "list-expected"
    template = "A list is expected here."


class ObjectExpected(RuleViolated):
    code = "object-expected"
    template = "An object with named fields is expected here."


class DayExpected(RuleViolated):
    code = "day-expected"
    template = "A day like 2026-11-22 is expected here."


class InstantExpected(RuleViolated):
    code = "instant-expected"
    template = "An instant like 2026-11-22T14:05:00+05:00 is expected here."


class KeyExpected(RuleViolated):
    code = "key-expected"
    template = "A UUID is expected here."


class ChoiceUnknown(RuleViolated):
    code = "choice-unknown"
    template = "This is not one of the values that are possible here."


class TooShort(RuleViolated):
    code = "too-short"
    template = "This is too short: at least {limit} are expected."


class TooLong(RuleViolated):
    code = "too-long"
    template = "This is too long: at most {limit} are taken."


class TooSmall(RuleViolated):
    code = "too-small"
    template = "This is too small: the least is {limit}."


class TooLarge(RuleViolated):
    code = "too-large"
    template = "This is too large: the most is {limit}."


class ShapeWrong(RuleViolated):
    code = "shape-wrong"
    template = "This is not written as it is expected here."


class BodyUnreadable(RuleViolated):
    code = "body-unreadable"
    template = "What was sent is not the JSON that is expected here."


class NotUtf8(RuleViolated):
    code = "body-not-utf-8"
    template = "The body is no text in UTF-8. Encode it so and send it again."


class NestedTooDeep(RuleViolated):
    code = "nested-too-deep"
    template = "The JSON is nested too deeply to be read."


class AddressUnknown(NotFound):
    code = "address-unknown"
    template = "There is nothing at this address."


class MethodUnknown(NotPermitted):
    code = "method-unknown"
    template = "This address does not take this method."


class BodyTooLarge(RuleViolated):
    code = "body-too-large"
    template = "What was sent is too large. Send it in smaller parts."


class MediaTypeUnknown(RuleViolated):
    code = "media-type-unknown"
    template = "Send this as application/json."


class RequestWrong(RuleViolated):
    code = "request-wrong"
    template = "The request cannot be understood."


_BY_STATUS: dict[int, type[DomainError]] = {
    404: AddressUnknown,
    405: MethodUnknown,
    413: BodyTooLarge,
    415: MediaTypeUnknown,
}
"""What the web framework itself refuses, by the status that it gives."""


def refusal_of(error: HTTPException) -> DomainError:
    """Our own refusal in the place of the web framework's."""
    if isinstance(error.__cause__, SerializationException):
        return BodyUnreadable()
    return _BY_STATUS.get(error.status_code, RequestWrong)()


@dataclass(frozen=True, slots=True)
class Fault:
    """One field that is wrong: where it was sent, its place there, and what is wrong with it."""

    where: str
    pointer: str
    error: Exception


def faults_of(error: ValidationException) -> list[Fault]:
    """What is wrong with a request, field by field."""
    by_pydantic: list[dict[str, Any]] | None = getattr(error.__cause__, "errors", None)
    if by_pydantic is not None:
        return [Fault("body", pointer(each["loc"]), _by_pydantic(each)) for each in by_pydantic]
    if isinstance(error.extra, list):
        return list(_by_msgspec(error.extra))
    missing = _MISSING.match(error.detail)
    return [Fault(missing[1], pointer([missing[2]]), FieldMissing())] if missing else []


def pointer(place: Iterable[object]) -> str:
    """A JSON pointer to a field: ``/postings/0/amount``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


class _Kinds:
    """pydantic's types of errors, each with our own."""

    plain: ClassVar[dict[str, type[RuleViolated]]] = {
        "missing": FieldMissing,
        "extra_forbidden": FieldUnknown,
        "literal_error": ChoiceUnknown,
        "enum": ChoiceUnknown,
        "string_pattern_mismatch": ShapeWrong,
        "is_instance_of": ChoiceUnknown,
        "json_invalid": BodyUnreadable,
    }
    by_beginning: ClassVar[dict[str, type[RuleViolated]]] = {
        "string": WordsExpected,
        "int": WholeNumberExpected,
        "bool": SwitchExpected,
        "list": ListExpected,
        "tuple": ListExpected,
        "set": ListExpected,
        "frozen": ListExpected,
        "dict": ObjectExpected,
        "model": ObjectExpected,
        "mapping": ObjectExpected,
        "date_from": DayExpected,
        "date_type": DayExpected,
        "date_parsing": DayExpected,
        "datetime": InstantExpected,
        "timezone": InstantExpected,
        "uuid": KeyExpected,
    }
    limits: ClassVar[dict[str, tuple[type[RuleViolated], str]]] = {
        "string_too_short": (TooShort, "min_length"),
        "string_too_long": (TooLong, "max_length"),
        "too_short": (TooShort, "min_length"),
        "too_long": (TooLong, "max_length"),
        "greater_than": (TooSmall, "gt"),
        "greater_than_equal": (TooSmall, "ge"),
        "less_than": (TooLarge, "lt"),
        "less_than_equal": (TooLarge, "le"),
    }


def _by_pydantic(each: Mapping[str, Any]) -> Exception:
    kind, facts = each["type"], each.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        cause = getattr(facts.get("error"), "__cause__", None)
        return cause if isinstance(cause, DomainError | LedgerError) else ShapeWrong()
    if kind in _Kinds.limits:
        leaf, name = _Kinds.limits[kind]
        return leaf(limit=facts[name])
    plain = _Kinds.plain.get(kind)
    begun = next((leaf for start, leaf in _Kinds.by_beginning.items() if kind.startswith(start)), ShapeWrong)
    return (plain or begun)()


_MISSING = re.compile(r"Missing required (\w+) parameter '([^']+)'")
_LIMIT = re.compile(r"Expected `\w+`( of length)? (>=|<=|>|<) (-?\d+)")
_OF_LIMIT: dict[tuple[bool, bool], Callable[..., RuleViolated]] = {
    (True, True): TooShort,
    (True, False): TooLong,
    (False, True): TooSmall,
    (False, False): TooLarge,
}
_BY_WORDS = {
    "Invalid UUID": KeyExpected,
    "Invalid enum value": ChoiceUnknown,
    "Expected `int": WholeNumberExpected,
    "Expected `bool": SwitchExpected,
    "Expected `array": ListExpected,
    "Expected `object": ObjectExpected,
    "Invalid RFC3339 encoded datetime": InstantExpected,
    "Invalid RFC3339 encoded date": DayExpected,
    "Expected `datetime": InstantExpected,
    "Expected `date": DayExpected,
    "Expected `uuid": KeyExpected,
    "Expected `str` matching": ShapeWrong,
    "Expected `str": WordsExpected,
    "Object missing required": FieldMissing,
}


def _by_msgspec(found: Iterable[Mapping[str, Any]]) -> Iterator[Fault]:
    for each in found:
        where = each.get("source", "query")
        place = str(each.get("key", "")).removeprefix("data").strip(".")
        yield Fault(str(getattr(where, "value", where)), pointer([place] if place else []), _in_words(each["message"]))


def _in_words(message: str) -> RuleViolated:
    if limit := _LIMIT.match(message):
        return _OF_LIMIT[bool(limit[1]), limit[2].startswith(">")](limit=int(limit[3]))
    return next((leaf for start, leaf in _BY_WORDS.items() if message.startswith(start)), ShapeWrong)()
