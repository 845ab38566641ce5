"""When two trial balances agree, and which postings behind a difference are likely the same."""

from collections.abc import Sequence

from erp.base.errors import Conflict, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.finance.takeover.comparing.model import OurLine, TheirLine


class NotEqual(Conflict):
    code = "takeover-not-equal"
    template = N_("The two trial balances still differ in {count} places. Bring them to zero first.")


class NotAgreed(Conflict):
    code = "takeover-not-agreed"
    template = N_("These trial balances are neither agreed nor explained yet: {files}.")


class NothingCompared(Conflict):
    code = "takeover-nothing-compared"
    template = N_("No trial balance is taken in, so nothing says that both books agree. Take one in, or give up.")


class DifferenceUnknown(NotFound):
    code = "takeover-difference-unknown"
    template = N_("There is no such difference any more.")


class ReasonMissing(RuleViolated):
    code = "takeover-reason-missing"
    template = N_("Say why they differ, in at least 3 characters.")


def near(theirs: Sequence[TheirLine], ours: Sequence[OurLine]) -> list[tuple[TheirLine, OurLine]]:
    """Lines left on both sides with the same amount, each at most once: those of one day before the others."""
    free: dict[int, list[OurLine]] = {}
    for line in ours:
        free.setdefault(line.amount_tiyn, []).append(line)
    pairs = []
    for their in theirs:
        if candidates := free.get(their.amount_tiyn):
            likest = min(candidates, key=lambda line: abs((line.on - their.on).days))
            candidates.remove(likest)
            pairs.append((their, likest))
    return pairs
