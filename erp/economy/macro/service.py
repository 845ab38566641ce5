"""Use cases of series of drivers.  Each runs inside the caller's unit of work."""

from erp.base import audit
from erp.base.clock import today
from erp.base.money import number_string
from erp.base.uow import UnitOfWork
from erp.economy.macro import queries
from erp.economy.macro.model import Series
from erp.economy.macro.rules import SeriesUnknown
from erp.economy.macro.schemas import ExpectSeries


def series(uow: UnitOfWork, organisation_id: int) -> list[Series]:
    """Every series that is loaded, by code, with what the organisation expects of it."""
    return queries.series(uow.connection, uow.scope, organisation_id, today())


def one(uow: UnitOfWork, organisation_id: int, code: str) -> Series:
    """Raises: SeriesUnknown."""
    found = queries.series(uow.connection, uow.scope, organisation_id, today(), code)
    if not found:
        raise SeriesUnknown()
    return found[0]


def expect(uow: UnitOfWork, organisation_id: int, code: str, command: ExpectSeries) -> Series:
    """Say what is expected of a series, as a vintage of today; saying the same again changes nothing.

    Said otherwise on the same day, the last counts and what was said before stays.

    Raises: SeriesUnknown.
    """
    vintage = today()
    before = one(uow, organisation_id, code)
    told = {year: (of.vintage, of.value, of.source) for year, of in before.latest.items() if of.is_own}
    if all(told.get(year) == (vintage, value, command.source) for year, value in command.values.items()):
        return before
    queries.insert_expected(uow.connection, uow.scope, organisation_id, code, vintage, command.values, command.source)
    said = {str(year): number_string(value) for year, value in sorted(command.values.items())}
    known = {year: number_string(of.value) for year in said if (of := before.latest.get(int(year)))}
    moved = {"before": known, "after": said} if known != said else {}  # the same values may come from another source
    audit.record(
        uow.connection,
        uow.scope,
        "series-expected",
        f"series:{organisation_id}/{code}",
        organisation_id=organisation_id,
        vintage=vintage.isoformat(),
        basis=command.source,
        **moved,
    )
    return one(uow, organisation_id, code)
