"""Rows go into a table in sets, by the names of their columns."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import JSON, Connection, Table, Text, bindparam, cast, func, insert, literal_column, select

_AT_ONCE = 20_000
"""Rows that go into one statement."""


def add(
    connection: Connection,
    table: Table,
    rows: Iterable[Mapping[str, Any]],
    always: Mapping[str, Any],
    added: Callable[[int], None] | None = None,
) -> None:
    """Add rows, of which each has what is ``always`` so; ``added`` is told after each set how many there are."""
    said = [json.dumps({**always, **row}, ensure_ascii=False, default=str) for row in rows]
    if not said:
        return
    names = list(json.loads(said[0]))
    rows_of = func.json_populate_recordset(
        literal_column(f"NULL::{table.name}"), cast(bindparam("rows", type_=Text()), JSON)
    ).table_valued(*names)
    statement = insert(table).from_select(names, select(*(rows_of.c[name] for name in names)), include_defaults=False)
    for start in range(0, len(said), _AT_ONCE):
        connection.execute(statement, {"rows": f"[{','.join(said[start : start + _AT_ONCE])}]"})
        if added is not None:
            added(min(start + _AT_ONCE, len(said)))
