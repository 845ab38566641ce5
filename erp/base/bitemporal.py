# ruff: noqa: S608  (statements are put together from the constants of a history)
"""Facts on two time axes: the days on which they hold, and the transactions in which they were held true.

A fact is never changed: it is superseded, once, and others are recorded beside it.  Three acts do it: a *change* (the
world is otherwise from a day on), a *correction* (it was recorded amiss), and *rescinding* an act (what it recorded is
superseded, what it superseded is recorded again).  Every fact names the act it stands on.

What was known at an instant is what transactions below a sealed watermark had recorded: a slow transaction cannot slip
in below it, so the same question always gets the same answer.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from erp.base.dates import DateInterval
from erp.base.errors import Conflict
from ledger import service as ledger


class FactChanged(Conflict):
    code = "fact-changed"
    template = "Somebody has recorded something else here since you looked. Look at it anew, then decide."


class DaysTaken(Conflict):
    code = "days-taken"
    template = (
        "On some of these days something is recorded that you do not see: another institution keeps it, or somebody"
        " recorded it this moment. Look at the file anew; if nothing is there, choose days on which the person serves"
        " here, or ask the other institution."
    )


class ActOverlaid(Conflict):
    code = "act-overlaid"
    template = "Later acts stand on what act № {act} recorded. Rescind those first, the last one first."


@dataclass(frozen=True, slots=True)
class AsOf:
    """A day, as it is known now, or as it was known below a number of a transaction."""

    day: date
    known: str | None = None

    def holds(self, alias: str) -> str:
        """Condition on a table of facts; its parameters are ``asked``."""
        return f"{alias}.valid @> CAST(:day AS date) AND {self.was_known(alias)}"

    def was_recorded(self, alias: str) -> str:
        """Of what is recorded once and never superseded: acts."""
        return "true" if self.known is None else f"{alias}.recorded_xid < CAST(:known AS xid8)"

    def was_known(self, alias: str) -> str:
        """The same of whatever day."""
        if self.known is None:
            return f"{alias}.superseded_xid IS NULL"
        return (
            f"{self.was_recorded(alias)}"
            f" AND ({alias}.superseded_xid IS NULL OR {alias}.superseded_xid >= CAST(:known AS xid8))"
        )

    @property
    def asked(self) -> dict[str, Any]:
        return {"day": self.day, "known": self.known}


def as_of(connection: Connection, day: date, known_at: datetime | None = None) -> AsOf:
    """A day as it was known at an instant, or as it is known now.

    Raises: NotSealedYet of ``ledger.errors``, for an instant after the last seal.
    """
    if known_at is None:
        return AsOf(day)
    with ledger.refusals():
        known = connection.execute(text("SELECT ledger_known_before(:at)::text"), {"at": known_at}).scalar_one()
    return AsOf(day, known)


@dataclass(frozen=True, slots=True)
class History:
    """A table of facts that ``base_bitemporal()`` guards: the columns of its subject and of its values, by SQL type.

    ``keeper`` is the column that says which organisation recorded a fact, where that is no part of the subject;
    ``refusals`` say in words what constraints of the table refuse besides two facts of one day.
    """

    table: str
    subject: Mapping[str, str]
    values: Mapping[str, str]
    keeper: str | None = None
    refusals: Mapping[str, type[Conflict]] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        return [*self.subject, "valid", *self.values, *([self.keeper] if self.keeper else []), "act_id"]

    @property
    def of_subject(self) -> str:
        return " AND ".join(f"{column} = :{column}" for column in self.subject)


@dataclass(frozen=True, slots=True)
class Act:
    """On what facts are recorded: its number, and the organisation whose act it is."""

    organisation_id: int
    id: int


Subject = Mapping[str, int]
Values = Mapping[str, Any]


def change(
    connection: Connection,
    history: History,
    subject: Subject,
    since: date,
    values: Values | None,
    act: Act,
    *,
    until: date | None = None,
) -> None:
    """From ``since`` on it is otherwise: through the day before ``until``, or as long as nothing else is recorded.

    Without ``values`` there is no fact from then on, whatever was recorded for later days.
    """
    if until is None and values is not None:
        until = _next_boundary(connection, history, subject, since)
    _put(connection, history, subject, DateInterval(since, until), values, act)


def correct(
    connection: Connection,
    history: History,
    subject: Subject,
    fact_id: int,
    valid: DateInterval,
    values: Values | None,
    act: Act,
) -> None:
    """A fact was recorded amiss: in its place stand ``values`` on the days ``valid``; without them, nothing.

    Raises: FactChanged, where it is not held true any more.
    """
    found = connection.execute(
        text(f"""
            SELECT lower(valid) AS start, upper(valid) AS until FROM {history.table}
             WHERE {history.of_subject} AND id = :id AND superseded_xid IS NULL
        """),
        {**subject, "id": fact_id},
    ).one_or_none()
    if found is None:
        raise FactChanged()
    _put(connection, history, subject, DateInterval(found.start, found.until), None, act)
    if values is not None:
        _put(connection, history, subject, valid, values, act)


def rescind(connection: Connection, histories: Iterable[History], acts: str, undone: int, act: Act) -> None:
    """What the act ``undone`` recorded is superseded, what it superseded is recorded again, on its own act.

    ``acts`` is the table of acts.  Raises: ActOverlaid, where others have since recorded something on the same days;
    DaysTaken, where that is not seen from here.
    """
    asked = {"undone": undone, "act": act.id}
    for history in histories:
        if connection.execute(text(_overlaid(history, acts)), asked).scalar_one():
            raise ActOverlaid(act=undone)
        connection.execute(
            text(f"""
                UPDATE {history.table} SET superseded_xid = pg_current_xact_id(), superseded_by = :act
                 WHERE act_id = :undone AND superseded_xid IS NULL
            """),
            asked,
        )
        columns = ", ".join(history.columns)
        again = f"""
            INSERT INTO {history.table} ({columns}) SELECT {columns} FROM {history.table}
             WHERE superseded_by = :undone AND act_id <> :undone
        """
        _record(connection, history, again, asked)


def lay(connection: Connection, history: History, facts: Sequence[Mapping[str, Any]], organisation_id: int) -> None:
    """Record the first facts of many subjects at once.

    Each has ``start``, ``until`` and ``act`` beside its subject and its values.  Raises: DaysTaken.
    """
    if facts:
        told = {column: f"f.{column}" for column in (*history.subject, *history.values)}
        told |= {"valid": "daterange(f.start, f.until)", "act_id": "f.act"}
        told |= {history.keeper: ":keeper"} if history.keeper else {}
        kinds = {**history.subject, **history.values, "start": "date", "until": "date", "act": "int"}
        first = f"""
            INSERT INTO {history.table} ({", ".join(history.columns)})
            SELECT {", ".join(told[column] for column in history.columns)}
              FROM jsonb_to_recordset(CAST(:facts AS jsonb))
                   AS f({", ".join(f"{column} {kind}" for column, kind in kinds.items())})
        """
        _record(connection, history, first, _together(facts, organisation_id))


def amend(
    connection: Connection,
    history: History,
    columns: Sequence[str],
    facts: Sequence[Mapping[str, Any]],
    organisation_id: int,
) -> None:
    """Of many subjects at once these values were recorded amiss, on all days; the others stay.

    Each fact has its ``act`` beside its subject and the columns.  Raises: DaysTaken.
    """
    kinds = {**history.subject, **{column: history.values[column] for column in columns}, "act": "int"}
    same = " AND ".join(f"t.{column} = f.{column}" for column in history.subject)
    kept = [column for column in (*history.subject, *history.values) if column not in columns]
    told = [*(f"t.{column}" for column in kept), *(f"f.{column}" for column in columns)]
    names = ["valid", "act_id", *([history.keeper] if history.keeper else []), *kept, *columns]
    mended = f"""
        WITH cut AS (
            UPDATE {history.table} t SET superseded_xid = pg_current_xact_id(), superseded_by = f.act
              FROM jsonb_to_recordset(CAST(:facts AS jsonb))
                   AS f({", ".join(f"{column} {kind}" for column, kind in kinds.items())})
             WHERE {same} AND t.superseded_xid IS NULL
            RETURNING {", ".join(["t.valid", "f.act", *([":keeper"] if history.keeper else []), *told])}
        )
        INSERT INTO {history.table} ({", ".join(names)}) SELECT * FROM cut
    """
    _record(connection, history, mended, _together(facts, organisation_id))


def _together(facts: Sequence[Mapping[str, Any]], organisation_id: int) -> dict[str, Any]:
    """Facts of many subjects as one statement is told them."""
    return {"facts": json.dumps([dict(fact) for fact in facts], default=_plain), "keeper": organisation_id}


def _plain(value: object) -> str:
    """A day or bytes as the database reads them in a text."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def _next_boundary(connection: Connection, history: History, subject: Subject, since: date) -> date | None:
    """The first day after ``since`` on which something else is recorded already, or the end of what is."""
    found: date | None = connection.execute(
        text(f"""
            SELECT CASE WHEN valid @> CAST(:since AS date) THEN upper(valid) ELSE lower(valid) END FROM {history.table}
             WHERE {history.of_subject} AND superseded_xid IS NULL
               AND valid && daterange(CAST(:since AS date), NULL)
             ORDER BY lower(valid) LIMIT 1
        """),
        {**subject, "since": since},
    ).scalar_one_or_none()
    return found


def follow(connection: Connection, history: History, subject: Subject, led: History, act: Act) -> None:
    """Fit facts to the days on which something of another history of the same subject is held true.

    Each holds until the next begins, the first from the beginning on; none on other days.  Raises: DaysTaken.
    """
    cut = f"""
        WITH led AS (
            SELECT coalesce(range_agg(valid), '{{}}') AS days FROM {led.table}
             WHERE {history.of_subject} AND superseded_xid IS NULL
        ), fitted AS (
            SELECT id, led.days * datemultirange(daterange(
                       CASE WHEN lag(id) OVER by_day IS NOT NULL THEN lower(valid) END, lead(lower(valid)) OVER by_day
                   )) AS days
              FROM {history.table}, led WHERE {history.of_subject} AND superseded_xid IS NULL
            WINDOW by_day AS (ORDER BY valid)
        ), cut AS (
            UPDATE {history.table} t SET superseded_xid = pg_current_xact_id(), superseded_by = :act FROM fitted
             WHERE {history.of_subject} AND t.id = fitted.id AND fitted.days <> datemultirange(t.valid)
            RETURNING fitted.days AS rest, {", ".join(f"t.{column}" for column in history.values)}
        )
    """
    told = {**subject, "act": act.id, "keeper": act.organisation_id}
    _record(connection, history, cut + _recorded_again(history), told)


def _put(
    connection: Connection, history: History, subject: Subject, valid: DateInterval, values: Values | None, act: Act
) -> None:
    """Of what is held true, cut out the days ``valid``; there stand ``values``, or nothing.

    Raises: DaysTaken.
    """
    days = "daterange(CAST(:start AS date), CAST(:until AS date))"
    statement = f"""
        WITH cut AS (
            UPDATE {history.table} SET superseded_xid = pg_current_xact_id(), superseded_by = :act
             WHERE {history.of_subject} AND superseded_xid IS NULL AND valid && {days}
            RETURNING datemultirange(valid) - datemultirange({days}) AS rest, {", ".join(history.values)}
        )
        {_recorded_again(history)}
    """
    if values is not None:
        new = {column: f"CAST(:{column} AS {kind})" for column, kind in history.values.items()}
        statement += f" UNION ALL SELECT {_told(history, days, new)}"
    told = {**subject, **(values or {}), "start": valid.start, "until": valid.end}
    _record(connection, history, statement, told | {"act": act.id, "keeper": act.organisation_id})


def _record(connection: Connection, history: History, statement: str, told: Mapping[str, Any]) -> None:
    """Execute what records facts.

    Raises: DaysTaken, where others stand on their days, seen from here or not; refusals of the history.
    """
    try:
        connection.execute(text(statement), told)
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        refusal = (dict(history.refusals) | {f"{history.table}_one_a_day": DaysTaken}).get(str(constraint))
        if refusal is None:
            raise
        raise refusal() from None


def _recorded_again(history: History) -> str:
    """Of facts that were ``cut``, the days that ``rest`` are recorded with the same values."""
    same = {column: f"cut.{column}" for column in history.values}
    return f"""
        INSERT INTO {history.table} ({", ".join(history.columns)})
        SELECT {_told(history, "days", same)} FROM cut CROSS JOIN LATERAL unnest(cut.rest) AS days
    """


def _told(history: History, valid: str, values: Mapping[str, str]) -> str:
    """What is put into the columns of a history, in their order."""
    told = {column: f"CAST(:{column} AS {kind})" for column, kind in history.subject.items()} | dict(values)
    told |= {"valid": valid, "act_id": ":act"} | ({history.keeper: ":keeper"} if history.keeper else {})
    return ", ".join(told[column] for column in history.columns)


def _overlaid(history: History, acts: str) -> str:
    same = " AND ".join(f"n.{column} = o.{column}" for column in history.subject)
    return f"""
        SELECT EXISTS (SELECT FROM {history.table} o
                        WHERE o.act_id = :undone AND o.superseded_by IS NOT NULL AND o.superseded_by <> :undone
                          AND NOT EXISTS (SELECT FROM {acts} r WHERE r.rescinds = o.superseded_by))
            OR EXISTS (SELECT FROM {history.table} o JOIN {history.table} n ON {same} AND n.valid && o.valid
                        WHERE o.superseded_by = :undone AND o.act_id <> :undone
                          AND n.superseded_xid IS NULL AND n.act_id <> :undone)
    """
