"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby

from sqlalchemy import Connection, text

from erp.base.scope import Scope
from erp.economy.macro.model import Series, Value

_VALUES = """
    SELECT d.series, d.unit, d.name_kk, d.name_ru, d.name_en, d.year, d.vintage, d.value, d.source, d.confidence,
           '' AS said_by, CAST(NULL AS timestamptz) AS said_at
      FROM reference_driver_value d WHERE d.in_force @> CAST(:day AS date) AND d.series = coalesce(:series, d.series)
    UNION ALL
    SELECT e.series, '', '', '', '', e.year, e.vintage, e.value, e.source, 'own', coalesce(u.name, ''), e.said_at
      FROM economy_expected e LEFT JOIN reference_user u ON u.id = e.said_by
     WHERE e.organisation_id = :organisation AND e.series = coalesce(:series, e.series)
     ORDER BY series, unit DESC, year, vintage, said_at
"""


def series(
    connection: Connection, scope: Scope, organisation_id: int, day: date, code: str | None = None
) -> list[Series]:
    """Every series that is loaded, or one, with what the organisation expects of it."""
    rows = connection.execute(text(_VALUES), {"organisation": organisation_id, "day": day, "series": code})
    found = []
    for name, group in groupby(rows, key=lambda row: row.series):
        values = list(group)
        first = values[0]
        if first.unit:
            found.append(
                Series(
                    name,
                    first.unit,
                    first.name_kk,
                    first.name_ru,
                    first.name_en,
                    tuple(
                        Value(v.year, v.vintage, v.value, v.source, v.confidence, v.said_by, v.said_at) for v in values
                    ),
                )
            )
    return found


def insert_expected(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    code: str,
    vintage: date,
    values: Mapping[int, Decimal],
    source: str,
) -> None:
    rows = [{"year": year, "value": str(value)} for year, value in sorted(values.items())]
    connection.execute(
        text("""
            INSERT INTO economy_expected (organisation_id, series, vintage, year, value, source, on_behalf_of)
            SELECT :organisation, :series, :vintage, r.year, r.value, :source, :on_behalf_of
              FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(year smallint, value numeric)
        """),
        {
            "organisation": organisation_id,
            "series": code,
            "vintage": vintage,
            "rows": json.dumps(rows),
            "source": source,
            "on_behalf_of": scope.on_behalf_of,
        },
    )
