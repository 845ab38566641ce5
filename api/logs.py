"""What the program writes down about itself: one line an event, with facts and without data.

A line names a request by its id, a route by its template, a person by number.  Never what was asked or sent: queries,
bodies, names, secrets.  An error is told by its kind, its SQLSTATE and the places it went through: its own words may
quote a row or a form.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import Processor

from erp.base.errors import DomainError
from ledger.errors import LedgerError

Form = Literal["quiet", "console", "json"]

_HERE = Path(__file__).resolve().parent.parent
_OURS = "qazyna"
_FRAMES = 12
"""How many of the innermost places are told."""
_BEFORE: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
]


def logger() -> BoundLogger:
    log: BoundLogger = structlog.stdlib.get_logger(_OURS)
    return log


def request_number() -> str:
    """What the lines of the request that is being answered are known by."""
    return str(structlog.contextvars.get_contextvars().get("request", ""))


def write_logs(form: Form, stream: TextIO | None = None) -> None:
    """Write lines to standard error: ``json`` for programs, ``console`` for people, ``quiet`` without the requests."""
    shown = structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else structlog.dev.ConsoleRenderer()
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*_BEFORE, _without_facts],
            processors=[ProcessorFormatter.remove_processors_meta, _told, shown],
            use_get_message=False,
            keep_exc_info=True,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(logging.WARNING if form == "quiet" else logging.INFO)


Event = MutableMapping[str, Any]


def _without_facts(_: Any, __: str, event: Event) -> Event:
    """Of another library's line: its template, or the name of what it does; what it was filled with may be data."""
    record: logging.LogRecord = event["_record"]
    event.pop("positional_args", None)
    event["event"] = str(getattr(record, "action", event["event"]))
    event["logger"] = record.name
    return event


def _told(_: Any, __: str, event: Event) -> Event:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = [_error(each) for each in _chain(error)]
    return event


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _error(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    told: dict[str, Any] = {"kind": f"{kind.__module__}.{kind.__qualname__}"}
    cause = getattr(error, "orig", error)
    told |= {"code": error.code} if isinstance(error, DomainError | LedgerError) else {}
    told |= {"sqlstate": state} if (state := getattr(cause, "sqlstate", None)) else {}
    facts = getattr(cause, "diag", None)
    for name in ("constraint_name", "table_name"):
        if fact := getattr(facts, name, None):
            told[name] = fact
    return told | {"at": list(_places(error.__traceback__))[-_FRAMES:]}


def _places(trace: TracebackType | None) -> Iterator[str]:
    for frame, line in walk_tb(trace):
        path = Path(frame.f_code.co_filename)
        place = path.relative_to(_HERE) if path.is_relative_to(_HERE) else Path(*path.parts[-2:])
        yield f"{place}:{line} {frame.f_code.co_name}"


structlog.configure(
    processors=[*_BEFORE, _told, ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=BoundLogger,
    cache_logger_on_first_use=True,
)
