"""Refusals as HTTP: one table to RFC 9457 problem details.  Nothing else in the project knows status codes.

``code`` (the last part of ``type``) is stable, ``detail`` is in the caller's language, ``errors`` names what is wrong
field by field.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from litestar import Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import (
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_403_FORBIDDEN,
    HTTP_404_NOT_FOUND,
    HTTP_409_CONFLICT,
    HTTP_412_PRECONDITION_FAILED,
    HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    HTTP_422_UNPROCESSABLE_ENTITY,
    HTTP_428_PRECONDITION_REQUIRED,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_500_INTERNAL_SERVER_ERROR,
    HTTP_503_SERVICE_UNAVAILABLE,
    HTTP_504_GATEWAY_TIMEOUT,
    HTTP_507_INSUFFICIENT_STORAGE,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.allowance import AskedTooOften
from api.conventions import BodyUnexpected, ChangedMeanwhile, FormNotTaken, NoParameters, ParameterUnknown, TagMissing
from api.logs import logger
from api.validation import NestedTooDeep, NotUtf8, faults_of, pointer, refusal_of
from erp.base.errors import Conflict, DomainError, Invalid, NotFound, NotPermitted, RuleViolated
from erp.finance.drafts.rules import DraftChanged
from erp.reference.access.policy import SignInNeeded
from erp.reference.access.service import TooManyAttempts
from ledger import errors as ledger_errors
from ledger.errors import LedgerError

Say = Callable[[Exception], str]

PROBLEM_JSON = "application/problem+json"
_STOPPED = "57014"  # statement timeout
_FULL = "53100"


class OutcomeUnknown(Conflict):
    """The connection was lost while a change was on its way: the commit may have reached the database."""

    code = "outcome-unknown"
    template = (
        "The connection to the database broke, and it is not known whether this was saved."
        " Send the same form again: nothing is saved twice."
    )


class TookTooLong(Conflict):
    code = "took-too-long"
    template = (
        "This took too long, so the database stopped it and nothing was saved."
        " Ask for fewer months, or try again in a minute."
    )


class DatabaseAway(Conflict):
    code = "database-unavailable"
    template = "The database cannot be reached just now. Nothing was saved; try again in a minute."


class SchemaNotCurrent(Conflict):
    code = "schema-not-current"
    template = "The database is of the schema {found}, but this program knows {expected}. Run qazyna migrate."


class Unforeseen(Conflict):
    code = "unforeseen"
    template = "Something went wrong here. Nothing was saved. Give the reference to your administrator."


class DiskFull(Conflict):
    code = "disk-full"
    template = (
        "The disk of the database is full, so nothing was saved."
        " Send it again once your administrator has freed some space."
    )


# The first match counts, so leaves stand before their branches.
_STATUS: list[tuple[type[Exception], int]] = [
    (SignInNeeded, HTTP_401_UNAUTHORIZED),
    (TooManyAttempts, HTTP_429_TOO_MANY_REQUESTS),
    (AskedTooOften, HTTP_429_TOO_MANY_REQUESTS),
    (OutcomeUnknown, HTTP_503_SERVICE_UNAVAILABLE),
    (SchemaNotCurrent, HTTP_503_SERVICE_UNAVAILABLE),
    (DiskFull, HTTP_507_INSUFFICIENT_STORAGE),
    (TookTooLong, HTTP_504_GATEWAY_TIMEOUT),
    (ChangedMeanwhile, HTTP_412_PRECONDITION_FAILED),
    (DraftChanged, HTTP_412_PRECONDITION_FAILED),
    (FormNotTaken, HTTP_415_UNSUPPORTED_MEDIA_TYPE),
    (TagMissing, HTTP_428_PRECONDITION_REQUIRED),
    (ParameterUnknown, HTTP_400_BAD_REQUEST),
    (NoParameters, HTTP_400_BAD_REQUEST),
    (BodyUnexpected, HTTP_400_BAD_REQUEST),
    (NotFound, HTTP_404_NOT_FOUND),
    (Conflict, HTTP_409_CONFLICT),
    (RuleViolated, HTTP_422_UNPROCESSABLE_ENTITY),
    (NotPermitted, HTTP_403_FORBIDDEN),
    (ledger_errors.UnknownEntry, HTTP_404_NOT_FOUND),
    (ledger_errors.ForeignOrganisation, HTTP_403_FORBIDDEN),
    (ledger_errors.PeriodClosed, HTTP_409_CONFLICT),
    (ledger_errors.PeriodNotOpened, HTTP_409_CONFLICT),
    (ledger_errors.PeriodRestricted, HTTP_409_CONFLICT),
    (ledger_errors.YearIsClosed, HTTP_409_CONFLICT),
    (ledger_errors.MonthsNotClosed, HTTP_409_CONFLICT),
    (ledger_errors.EarlierYearOpen, HTTP_409_CONFLICT),
    (ledger_errors.YearAlreadyClosed, HTTP_409_CONFLICT),
    (ledger_errors.YearNotClosed, HTTP_409_CONFLICT),
    (ledger_errors.LaterYearClosed, HTTP_409_CONFLICT),
    (ledger_errors.AlreadyCorrected, HTTP_409_CONFLICT),
    (ledger_errors.KeyReused, HTTP_409_CONFLICT),
    (ledger_errors.PostedIsFinal, HTTP_409_CONFLICT),
    (ledger_errors.ApprovalNeeded, HTTP_409_CONFLICT),
    (ledger_errors.PreparedChanged, HTTP_412_PRECONDITION_FAILED),
    (ledger_errors.OwnEntry, HTTP_403_FORBIDDEN),
    (ledger_errors.JournalNotKept, HTTP_409_CONFLICT),
    (ledger_errors.PolicyChanged, HTTP_409_CONFLICT),
    (ledger_errors.PolicyDayTaken, HTTP_409_CONFLICT),
    (ledger_errors.PolicyOwn, HTTP_403_FORBIDDEN),
    (LedgerError, HTTP_422_UNPROCESSABLE_ENTITY),
    (RecursionError, HTTP_400_BAD_REQUEST),
    (UnicodeDecodeError, HTTP_400_BAD_REQUEST),
    (OperationalError, HTTP_503_SERVICE_UNAVAILABLE),
    (PoolTimeout, HTTP_503_SERVICE_UNAVAILABLE),
]


@contextmanager
def database_refusals(*, changing: bool) -> Iterator[None]:
    """What the database's own trouble means to the person.  Raises: OutcomeUnknown, TookTooLong, DiskFull."""
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == _STOPPED:
            raise TookTooLong() from error
        if state == _FULL:
            log_unforeseen(error)
            raise DiskFull() from error
        if changing and error.connection_invalidated:
            log_unforeseen(error)
            raise OutcomeUnknown() from error
        raise


def status_of(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.status_code
    return next((status for kind, status in _STATUS if isinstance(error, kind)), HTTP_500_INTERNAL_SERVER_ERROR)


def problem(error: Exception, say: Say = str) -> tuple[int, dict[str, Any]]:
    """Status and problem details; an unforeseen error is logged under an id and tells nothing but that id.

    ``say`` puts a refusal into the caller's language.
    """
    status = status_of(error)
    if isinstance(error, RecursionError):
        error = NestedTooDeep()
    if isinstance(error, UnicodeDecodeError):
        error = NotUtf8()
    if isinstance(error, Invalid):
        places = [(None, pointer(place.split(".")), fault) for place, fault in error.faults.items()]
        return status, _details(status, error, say) | {"errors": [_fault(*each, say) for each in places]}
    if isinstance(error, ValidationException):
        faults = [_fault(each.where, each.pointer, each.error, say) for each in faults_of(error)]
        return status, _details(status, Invalid({}), say) | {"errors": faults}
    if isinstance(error, (DomainError, LedgerError)):
        return status, _details(status, error, say) | {"fields": _plain(error.fields)}
    if isinstance(error, HTTPException) and status < HTTP_500_INTERNAL_SERVER_ERROR:
        return status, _details(status, refusal_of(error), say)
    reference = log_unforeseen(error)
    away = status == HTTP_503_SERVICE_UNAVAILABLE
    return status, _details(status, DatabaseAway() if away else Unforeseen(), say) | {"reference": reference}


def problem_response(error: Exception, say: Say = str) -> Response[dict[str, Any]]:
    status, details = problem(error, say)
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTP_401_UNAUTHORIZED else {}
    return Response(details, status_code=status, media_type=PROBLEM_JSON, headers=headers)


def log_unforeseen(error: Exception) -> str:
    """Log an error nobody foresaw, or in one line that the database is away; returns the reference to tell the user."""
    reference = uuid4().hex[:12]
    if status_of(error) == HTTP_503_SERVICE_UNAVAILABLE:
        logger().error("database unavailable", reference=reference, reason=_first_line(error))
    else:
        logger().error("unforeseen error", reference=reference, exc_info=error)
    return reference


def _first_line(error: Exception) -> str:
    """What the driver says of a connection; it names neither password nor data."""
    return str(error).partition("\n")[0]


def _details(status: int, error: DomainError | LedgerError, say: Say) -> dict[str, Any]:
    code = error.code
    return {
        "type": f"urn:qazyna:problem:{code}",
        "title": code,
        "status": status,
        "code": code,
        "detail": say(error),
    }


def _fault(where: str | None, place: str, fault: Exception, say: Say) -> dict[str, Any]:
    told = {
        "pointer": place,
        "code": getattr(fault, "code", "invalid"),
        "detail": say(fault),
        "fields": _plain(getattr(fault, "fields", {})),
    }
    return {"in": where} | told if where else told


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, (str, int, list)) else str(v) for k, v in fields.items()}
