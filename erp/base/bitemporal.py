# ruff: noqa: S608  (statements are put together from the constants of a history)
"""Facts on two time axes: the days on which they hold, and the transactions in which they were held true.

A fact is never changed: it is superseded, once, and others are recorded beside it.  Three acts do it: a *change* (the
world is otherwise from a day on), a *correction* (it was recorded amiss), and *rescinding* an act (what it recorded is
superseded, what it superseded is recorded again).  Every fact names the act it stands on.

What was known at an instant is what transactions below a sealed watermark had recorded: a slow transaction cannot slip
in below it, so the same question always gets the same answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from erp.base.dates import DateInterval
from erp.base.errors import Conflict
from ledger import service as ledger


class FactChanged(Conflict):
    code = "fact-changed"
    template = "Somebody has recorded something else here since you looked. Look at it anew, then decide."


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

    def was_known(self, alias: str) -> str:
        """The same of whatever day."""
        if self.known is None:
            return f"{alias}.superseded_xid IS NULL"
        return (
            f"{alias}.recorded_xid < CAST(:known AS xid8)"
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

    ``keeper`` is the column that says which organisation recorded a fact, where that is no part of the subject.
    """

    table: str
    subject: Mapping[str, str]
    values: Mapping[str, str]
    keeper: str | None = None

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

    ``acts`` is the table of acts.  Raises: ActOverlaid, where others have since recorded something on the same days.
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
        connection.execute(
            text(f"""
                INSERT INTO {history.table} ({columns}) SELECT {columns} FROM {history.table}
                 WHERE superseded_by = :undone AND act_id <> :undone
            """),
            asked,
        )


def lay(connection: Connection, history: History, facts: Sequence[Mapping[str, Any]], organisation_id: int) -> None:
    """Record the first facts of many subjects at once.

    Each has ``start``, ``until`` and ``act_id`` beside its subject and its values.
    """
    if facts:
        values = {
            column: f"CAST(:{column} AS {kind})" for column, kind in {**history.subject, **history.values}.items()
        }
        values |= {"valid": "daterange(:start, :until)", "act_id": ":act_id"}
        if history.keeper:
            values[history.keeper] = ":keeper"
        columns = history.columns
        told = ", ".join(values[column] for column in columns)
        connection.execute(
            text(f"INSERT INTO {history.table} ({', '.join(columns)}) VALUES ({told})"),
            [{"keeper": organisation_id, **fact} for fact in facts],
        )


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


def _put(
    connection: Connection, history: History, subject: Subject, valid: DateInterval, values: Values | None, act: Act
) -> None:
    """Of what is held true, cut out the days ``valid``; there stand ``values``, or nothing."""
    days = "daterange(CAST(:start AS date), CAST(:until AS date))"
    keeper = {history.keeper: ":keeper"} if history.keeper else {}
    told = {column: f"CAST(:{column} AS {kind})" for column, kind in {**history.subject, **history.values}.items()}
    same = told | {column: f"cut.{column}" for column in history.values} | {"valid": "rest", "act_id": ":act"} | keeper
    new = told | {"valid": days, "act_id": ":act"} | keeper
    columns = history.columns
    kept = ", ".join(f"t.{column}" for column in ("valid", *history.values))
    statement = f"""
        WITH cut AS (
            UPDATE {history.table} t SET superseded_xid = pg_current_xact_id(), superseded_by = :act
             WHERE {history.of_subject} AND superseded_xid IS NULL AND valid && {days}
            RETURNING {kept}
        )
        INSERT INTO {history.table} ({", ".join(columns)})
        SELECT {", ".join(same[column] for column in columns)}
          FROM cut CROSS JOIN LATERAL unnest(datemultirange(cut.valid) - datemultirange({days})) rest
    """
    if values is not None:
        statement += f" UNION ALL SELECT {', '.join(new[column] for column in columns)}"
    connection.execute(
        text(statement),
        {
            **subject,
            **(values or dict.fromkeys(history.values)),
            "start": valid.start,
            "until": valid.end,
            "act": act.id,
            "keeper": act.organisation_id,
        },
    )


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
