"""How dated facts about an organisation may follow each other."""

from datetime import date
from enum import Enum

from erp.base.errors import Conflict, RuleViolated
from erp.reference.organisations.model import RANKS, Dated, OrganisationKind


class ChangedLater(Conflict):
    code = "changed-later"
    template = (
        "A change from {day} is entered already, and this one would stand before it. Choose that day or a later one."
    )


class KindOutOfPlace(RuleViolated):
    code = "kind-out-of-place"
    template = (
        "An organisation of this kind does not stand below that one."
        " From the top down: state, oblast, district, administrator of budget programmes, institution."
    )


class Step(Enum):
    """How a fact that counts from a day joins those there are."""

    BEGINS = "begins"  # nothing counts then
    REPLACES = "replaces"  # the last one counts from the same day
    FOLLOWS = "follows"  # the last one ends the day before


def step(last: Dated | None, since: date) -> Step:
    """Only the end of a history is changed, so that no day has two truths or loses the one it had.

    Raises: ChangedLater.
    """
    if last is None or (last.until is not None and last.until <= since):
        return Step.BEGINS
    if last.since is None or last.since < since:
        return Step.FOLLOWS
    if last.since == since:
        return Step.REPLACES
    raise ChangedLater(day=last.since)


def require_order(child: str, parent: str) -> None:
    """Kinds go down the tree; only institutions stand below their like.  Raises: KindOutOfPlace."""
    above, below = RANKS.index(OrganisationKind(parent)), RANKS.index(OrganisationKind(child))
    if below < above or (below == above and child != OrganisationKind.INSTITUTION):
        raise KindOutOfPlace()
