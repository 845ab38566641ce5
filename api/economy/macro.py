"""Series of drivers under ``/api/v1``: values with vintage, source and confidence; what is expected of them."""

from datetime import date
from typing import Annotated, Literal

from litestar import get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from pydantic import Field

from api.conventions import BOOKS, Organisation, View
from api.security import Visitor
from erp.economy.macro import model, service
from erp.economy.macro.schemas import ExpectSeries
from erp.reference.access.model import Permission

_SERIES = BOOKS + "/drivers"
_READ = {"policy": Permission.PLAN_READ}
_EDIT = {"policy": Permission.PLAN_EDIT}
_FORECAST = {"values": {"2027": "60", "2028": "62.5"}, "source": "Forecast of the region of 20.11.2026"}

ExpectBody = Annotated[ExpectSeries, Body(examples=[Example(summary="Oil of two years", value=_FORECAST)])]


class ValueView(View):
    year: int = Field(examples=[2026])
    vintage: date = Field(description="The day it was published or said.")
    value: str = Field(description="A decimal string, in the unit of the series.", examples=["60"])
    confidence: Literal["verified", "high", "medium", "low", "own"]
    source: str
    counts: bool = Field(description="Whether it is what the newest source says of its year.")


class SeriesView(View):
    """A yearly series with every vintage."""

    code: str = Field(examples=["brent"])
    unit: str = Field(description="As formulas write it.", examples=["USD/bbl"])
    kk: str
    ru: str
    en: str
    values: list[ValueView]


class SeriesListView(View):
    series: list[SeriesView]


def _view(series: model.Series) -> SeriesView:
    counting = set(map(id, series.latest.values()))
    values = [
        ValueView(
            year=each.year,
            vintage=each.vintage,
            value=f"{each.value:f}",
            confidence=each.confidence,
            source=each.source,
            counts=id(each) in counting,
        )
        for each in series.values
    ]
    return SeriesView(
        code=series.code, unit=series.unit, kk=series.name_kk, ru=series.name_ru, en=series.name_en, values=values
    )


@get(_SERIES, opt=_READ, sync_to_thread=True)
def list_series(visit: Visitor, organisation_id: Organisation) -> SeriesListView:
    """Every series that is loaded, by code."""
    found = visit.read(lambda uow: service.series(uow, organisation_id))
    return SeriesListView(series=[_view(each) for each in found])


@get(_SERIES + "/{series:str}", opt=_READ, sync_to_thread=True)
def read_series(visit: Visitor, organisation_id: Organisation, series: FromPath[str]) -> SeriesView:
    """One series."""
    return _view(visit.read(lambda uow: service.one(uow, organisation_id, series)))


@post(_SERIES + "/{series:str}/expected", opt=_EDIT, status_code=200, sync_to_thread=True)
def expect_series(visit: Visitor, organisation_id: Organisation, series: FromPath[str], data: ExpectBody) -> SeriesView:
    """Say what the organisation expects, as a vintage of today; the same again changes nothing."""
    return _view(visit.run(lambda uow: service.expect(uow, organisation_id, series, data)))


routes = [list_series, read_series, expect_series]
