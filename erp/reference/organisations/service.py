"""Organisations, their dated tree, and which accounting office serves whom."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from erp.base import audit
from erp.base.clock import today
from erp.base.commands import one_line
from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.base.uow import UnitOfWork
from erp.reference.organisations import queries
from erp.reference.organisations.model import (
    Dated,
    History,
    Names,
    Organisation,
    OrganisationDraft,
    OrganisationKind,
    Place,
    Related,
)
from erp.reference.organisations.rules import Step, require_order, step

_LONGEST_NAME = 500


class OrganisationNotAdministered(NotFound):
    code = "organisation-not-administered"
    template = "There is no such organisation among those you administer."


class AboveAdministered(NotPermitted):
    code = "above-administered"
    template = "Only who administers the body above {name} may do this."


class BinInvalid(RuleViolated):
    code = "bin-invalid"
    template = (
        "{found} is not a BIN. It has 12 digits, the fifth is 4, 5 or 6, and the last one checks the others;"
        " look for a mistyped digit."
    )


class OrganisationThere(Conflict):
    code = "organisation-there"
    template = "An organisation with the BIN {found} is registered already."


class OrganisationNameMissing(RuleViolated):
    code = "organisation-name-missing"
    template = "Give the name in Kazakh, in Russian and in English, each of at most {limit} characters."


class OrganisationClosed(Conflict):
    code = "organisation-closed"
    template = "{name} is not there on {day}: it is registered later, or closed by then."


class OrganisationOpen(Conflict):
    code = "organisation-open"
    template = "{name} is not closed."


class StandsAboveItself(Conflict):
    code = "stands-above-itself"
    template = "{name} cannot stand below itself, or below a body that stands below it."


class StandsAboveOthers(Conflict):
    code = "stands-above-others"
    template = "{name} stands below it after that day. Close that first, or move it."


class ServesOthers(Conflict):
    code = "serves-others"
    template = "It keeps the books of {name} after that day. Give that another office first."


class ServesItself(RuleViolated):
    code = "serves-itself"
    template = "An organisation that keeps its own books needs no office."


class NotServed(Conflict):
    code = "not-served"
    template = "No office keeps its books on {day}."


def lock(uow: UnitOfWork) -> None:
    """Let those who change the tree come one after another, until this is committed."""
    queries.lock_tree(uow.connection, uow.scope)


def organisations_of(uow: UnitOfWork, day: date | None = None) -> list[Organisation]:
    """The organisations in scope as they are called on ``day`` (today), in the order of their codes."""
    return queries.organisations_of(uow.connection, uow.scope, day or today())


def by_ids(uow: UnitOfWork, ids: list[int], day: date) -> dict[int, Organisation]:
    """Organisations by id, whatever the scope, as they are called on ``day``."""
    return {each.id: each for each in queries.by_ids(uow.connection, uow.scope, ids, day)}


def above(uow: UnitOfWork, ids: list[int], day: date) -> dict[int, list[Organisation]]:
    """The bodies above each organisation on ``day``, the nearest first, whatever the scope."""
    found: dict[int, list[Organisation]] = {id_: [] for id_ in ids}
    for below, body in queries.above(uow.connection, uow.scope, ids, day):
        found[below].append(body)
    return found


def find_by_code(uow: UnitOfWork, code: str) -> Organisation | None:
    """An organisation by its BIN, whatever the scope."""
    return queries.find_by_code(uow.connection, uow.scope, code, today())


def register_organisations(uow: UnitOfWork, drafts: list[OrganisationDraft]) -> None:
    """Register organisations with their place in the tree; repeating it changes nothing."""
    queries.insert_organisations(uow.connection, uow.scope, drafts)


# ------------------------------------------------------------------------------------------------ the tree


def tree(uow: UnitOfWork, day: date) -> list[Place]:
    """The part of the tree that the scope administers, as it stood on ``day``; in no order."""
    return queries.tree(uow.connection, uow.scope, day)


def history(uow: UnitOfWork, organisation_id: int, day: date) -> History:
    """An organisation as it is called on ``day``, and its whole history.  Raises: OrganisationNotAdministered."""
    organisation = _administered(uow, organisation_id, day)
    at = (uow.connection, uow.scope, organisation_id)
    return History(
        organisation,
        queries.life(*at),
        queries.names(*at),
        queries.parents(*at),
        queries.offices(*at),
        queries.served(*at),
    )


def require_open(uow: UnitOfWork, organisation_id: int, day: date) -> None:
    """Raises: OrganisationClosed."""
    life = queries.life(uow.connection, uow.scope, organisation_id)
    if not _counts_on(life, day):
        [organisation] = queries.by_ids(uow.connection, uow.scope, [organisation_id], day)
        raise OrganisationClosed(name=organisation, day=day)


def add_organisation(
    uow: UnitOfWork, code: str, kind: OrganisationKind, names: Names, parent_id: int, since: date
) -> int:
    """Register an organisation below another from ``since`` on; returns its id.

    Raises: BinInvalid, OrganisationNameMissing, OrganisationNotAdministered, OrganisationClosed, KindOutOfPlace,
    OrganisationThere.
    """
    code = "".join(code.split())
    if not queries.is_bin(uow.connection, uow.scope, code):
        raise BinInvalid(found=code)
    names = _given(names)
    lock(uow)
    parent = _administered(uow, parent_id, since)
    require_open(uow, parent_id, since)
    require_order(kind, parent.kind)
    added = queries.insert_organisation(uow.connection, uow.scope, code, kind, names, parent_id, since)
    if added is None:
        raise OrganisationThere(found=code)
    # The trail of the new one stands with the body above, whose administrator added it.
    _record(
        uow,
        "organisation-added",
        added,
        since,
        at=parent_id,
        after={"code": code, "kind": kind.value, "parent": parent_id, **_spelt(names)},
    )
    return added


def rename(uow: UnitOfWork, organisation_id: int, names: Names, since: date) -> None:
    """From ``since`` on it is called otherwise; what it was called before stays.

    Raises: OrganisationNotAdministered, OrganisationNameMissing, OrganisationClosed, ChangedLater.
    """
    names = _given(names)
    lock(uow)
    _administered(uow, organisation_id, since)
    require_open(uow, organisation_id, since)
    at = (uow.connection, uow.scope, organisation_id)
    last = queries.names(*at)[-1]
    if step(last, since) is Step.REPLACES:
        queries.replace_name(*at, names, since)
    else:
        queries.end_name(*at, since)
        queries.insert_name(*at, names, since)
    before = Names(last.name_kk, last.name_ru, last.name_en)
    _record(uow, "organisation-renamed", organisation_id, since, before=_spelt(before), after=_spelt(names))


def move(uow: UnitOfWork, organisation_id: int, parent_id: int, since: date) -> None:
    """From ``since`` on it stands below another body.

    Raises: OrganisationNotAdministered, AboveAdministered, OrganisationClosed, StandsAboveItself, KindOutOfPlace,
    ChangedLater.
    """
    lock(uow)
    organisation = _administered(uow, organisation_id, since)
    parent = _administered(uow, parent_id, since)
    for each in (organisation_id, parent_id):
        require_open(uow, each, since)
    last = _required_above(uow, organisation)
    if queries.stands_below(uow.connection, uow.scope, parent_id, organisation_id, since):
        raise StandsAboveItself(name=organisation)
    require_order(organisation.kind, parent.kind)
    if last.other_id == parent_id:
        return
    at = (uow.connection, uow.scope, organisation_id)
    if step(last, since) is Step.REPLACES:
        queries.replace_parent(*at, parent_id, since)
    else:
        queries.end_parent(*at, since)
        queries.insert_parent(*at, parent_id, since)
    _record(
        uow,
        "organisation-moved",
        organisation_id,
        since,
        before={"parent": last.other_id},
        after={"parent": parent_id},
    )


def close(uow: UnitOfWork, organisation_id: int, since: date) -> None:
    """From ``since`` on it is not there any more; it keeps its place, so that those above still read its books.

    Raises: OrganisationNotAdministered, AboveAdministered, OrganisationClosed, StandsAboveOthers, ServesOthers.
    """
    lock(uow)
    organisation = _administered(uow, organisation_id, since)
    require_open(uow, organisation_id, since)
    _required_above(uow, organisation)
    at = (uow.connection, uow.scope, organisation_id)
    life = queries.life(*at)
    if life.since == since:
        raise OrganisationClosed(name=organisation, day=since)
    for related, refusal in ((queries.children(*at), StandsAboveOthers), (queries.served(*at), ServesOthers)):
        if left := _there_after(uow, related, since):
            raise refusal(name=left[0])
    queries.update_life(*at, since)
    _record(
        uow,
        "organisation-closed",
        organisation_id,
        since,
        before={"until": life.until.isoformat() if life.until else None},
        after={"until": since.isoformat()},
    )


def reopen(uow: UnitOfWork, organisation_id: int, day: date) -> None:
    """Undo a closing: it is there as if it had never been closed.

    Raises: OrganisationNotAdministered, AboveAdministered, OrganisationOpen, OrganisationClosed.
    """
    lock(uow)
    organisation = _administered(uow, organisation_id, day)
    above = _required_above(uow, organisation)
    at = (uow.connection, uow.scope, organisation_id)
    life = queries.life(*at)
    if life.until is None:
        raise OrganisationOpen(name=organisation)
    require_open(uow, above.other_id, day)
    queries.update_life(*at, None)
    _record(
        uow,
        "organisation-reopened",
        organisation_id,
        life.until,
        before={"until": life.until.isoformat()},
        after={"until": None},
    )


def set_office(uow: UnitOfWork, organisation_id: int, office_id: int | None, since: date) -> None:
    """From ``since`` on an office keeps its books, or, without one, it keeps them itself.

    Raises: OrganisationNotAdministered, OrganisationClosed, ServesItself, NotServed, ChangedLater.
    """
    lock(uow)
    _administered(uow, organisation_id, since)
    require_open(uow, organisation_id, since)
    if office_id is not None:
        if office_id == organisation_id:
            raise ServesItself()
        _administered(uow, office_id, since)
        require_open(uow, office_id, since)
    at = (uow.connection, uow.scope, organisation_id)
    last = next(reversed(queries.offices(*at)), None)
    how = step(last, since)
    if how is Step.BEGINS and office_id is None:
        raise NotServed(day=since)
    if how is Step.REPLACES:
        queries.remove_office(*at, since)
    elif how is Step.FOLLOWS:
        queries.end_office(*at, since)
    if office_id is not None:
        queries.insert_office(*at, office_id, since)
    before = None if last is None or how is Step.BEGINS else last.other_id
    _record(uow, "office-set", organisation_id, since, before={"office": before}, after={"office": office_id})


# ------------------------------------------------------------------------------------------------ what is required


def _administered(uow: UnitOfWork, organisation_id: int, day: date) -> Organisation:
    if organisation_id not in uow.scope.administers:
        raise OrganisationNotAdministered()
    [organisation] = queries.by_ids(uow.connection, uow.scope, [organisation_id], day)
    return organisation


def _required_above(uow: UnitOfWork, organisation: Organisation) -> Related:
    """The body above, which must be administered too: nobody moves or closes their own."""
    last = next(reversed(queries.parents(uow.connection, uow.scope, organisation.id)), None)
    if last is None or last.other_id not in uow.scope.administers:
        raise AboveAdministered(name=organisation)
    return last


def _there_after(uow: UnitOfWork, related: list[Related], day: date) -> list[Organisation]:
    later = [each.other_id for each in related if each.until is None or each.until > day]
    left = queries.not_closed_by(uow.connection, uow.scope, later, day)
    return queries.by_ids(uow.connection, uow.scope, left, day)


def _counts_on(dated: Dated, day: date) -> bool:
    return (dated.since is None or dated.since <= day) and (dated.until is None or day < dated.until)


def _given(names: Names) -> Names:
    tidy = Names(*(one_line(name) for name in (names.kk, names.ru, names.en)))
    if not all(0 < len(name) <= _LONGEST_NAME for name in (tidy.kk, tidy.ru, tidy.en)):
        raise OrganisationNameMissing(limit=_LONGEST_NAME)
    return tidy


def _spelt(names: Names) -> dict[str, str]:
    return {"name_kk": names.kk, "name_ru": names.ru, "name_en": names.en}


def _record(
    uow: UnitOfWork,
    action: str,
    organisation_id: int,
    since: date,
    *,
    at: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        uow.connection,
        uow.scope,
        action,
        f"organisation:{organisation_id}",
        organisation_id=at or organisation_id,
        before=before,
        after=after,
        since=since.isoformat(),
    )
