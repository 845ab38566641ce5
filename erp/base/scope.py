"""Who asks, and for which organisations: the first argument of every query."""

from dataclasses import dataclass, field

from ledger.model import Actor


@dataclass(frozen=True, slots=True)
class Scope:
    """What the policy granted for one command or view.

    ``reads`` and ``writes`` are organisation ids, and so are ``adjusts``: where restricted months may be posted into.
    The unit of work hands them to the database, whose row-level security is the second witness.
    """

    actor: Actor
    reads: frozenset[int] = field(default_factory=frozenset)
    writes: frozenset[int] = field(default_factory=frozenset)
    adjusts: frozenset[int] = field(default_factory=frozenset)

    @property
    def settings(self) -> dict[str, str]:
        """The transaction settings that row-level security reads."""
        return {
            "reads": ",".join(map(str, sorted(self.reads | self.writes))),
            "writes": ",".join(map(str, sorted(self.writes))),
            "adjusts": ",".join(map(str, sorted(self.adjusts))),
        }


def system_scope(*organisations: int, origin: str = "command line") -> Scope:
    """The program acting for itself: migrations, packages, the demonstration.  Actor 0 is nobody's user id."""
    return Scope(Actor(0, origin), writes=frozenset(organisations))
