"""How what was brought, and what a person said of it, is kept: JSON, with numbers as numbers and days as texts."""

from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any

from erp.base.sheets.model import Row, Value
from erp.base.sheets.model import Sheet as Brought
from erp.base.sheets.values import text_of
from erp.finance.intake.model import Became, Grouping, Mended, Purpose, Settings


def of_sheets(brought: Sequence[Brought]) -> list[Any]:
    return [
        {
            "name": sheet.name,
            "merged": [list(each) for each in sheet.merged],
            "rows": [[row.number, *map(_kept, row.values)] for row in sheet.rows],
        }
        for sheet in brought
    ]


def sheets(kept: Sequence[Any]) -> tuple[Brought, ...]:
    return tuple(
        Brought(
            sheet["name"],
            tuple(Row(number, tuple(values)) for number, *values in sheet["rows"]),
            tuple((a, b, c, d) for a, b, c, d in sheet["merged"]),
        )
        for sheet in kept
    )


def _kept(value: Value) -> str | int | float | bool:
    """Days as people here write them; a text without NUL, which no database keeps."""
    if isinstance(value, date | time | timedelta):
        return text_of(value)
    return value.replace("\x00", "") if isinstance(value, str) else value


def of_settings(settings: Settings) -> dict[str, Any]:
    return {
        "purpose": settings.purpose.value,
        "sheet": settings.sheet,
        "heads": list(settings.heads) if settings.heads else None,
        "columns": list(settings.columns),
        "grouping": settings.grouping.value,
        "journal": settings.journal,
        "effective_on": settings.effective_on,
        "memo": settings.memo,
    }


def settings(kept: Mapping[str, Any]) -> Settings:
    heads = kept["heads"]
    return Settings(
        Purpose(kept["purpose"]),
        kept["sheet"],
        (heads[0], heads[1]) if heads else None,
        tuple(kept["columns"]),
        Grouping(kept["grouping"]),
        kept["journal"],
        kept["effective_on"],
        kept["memo"],
    )


def of_mended(mended: Mended) -> dict[str, Any]:
    return {"cells": dict(mended.cells), "left": sorted(mended.left)}


def mended(kept: Mapping[str, Any]) -> Mended:
    return Mended(kept.get("cells", {}), frozenset(kept.get("left", ())))


def of_became(became: Became) -> dict[str, Any]:
    return {"drafts": list(became.drafts), "job": became.job, "counterparties": became.counterparties}


def became(kept: Mapping[str, Any]) -> Became:
    return Became(tuple(kept["drafts"]), kept["job"], kept["counterparties"])
