"""Who asks, and for which organisations: the first argument of every query."""

from dataclasses import dataclass, field

from ledger.model import Actor

WHOLE_SYSTEM = 0
"""Stands among ``audits`` for what concerns no organisation: sign-ins, people, packages."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the policy granted for one command or view.

    All are organisation ids: whose books may be read and written, where restricted months may be posted into
    (``adjusts``), whose trail of changes may be read (``audits``), whose people and place in the tree may be changed
    (``administers``), whose plans may be read and changed (``plans``, ``edits``), whose records of staff may be read
    and changed (``staff``, ``keeps``), where absences are decided on (``decides``), and where the actor serves and asks
    for themselves (``serves``).  The unit of work hands them to the database, whose row-level security is the second
    witness.  ``on_behalf_of`` is the user whose delegation alone allows it; ``lenders`` are then all who lend the actor
    anything there: where two persons are needed, the actor is taken for each of them.
    """

    actor: Actor
    reads: frozenset[int] = field(default_factory=frozenset)
    writes: frozenset[int] = field(default_factory=frozenset)
    adjusts: frozenset[int] = field(default_factory=frozenset)
    audits: frozenset[int] = field(default_factory=frozenset)
    administers: frozenset[int] = field(default_factory=frozenset)
    plans: frozenset[int] = field(default_factory=frozenset)
    edits: frozenset[int] = field(default_factory=frozenset)
    staff: frozenset[int] = field(default_factory=frozenset)
    keeps: frozenset[int] = field(default_factory=frozenset)
    decides: frozenset[int] = field(default_factory=frozenset)
    serves: frozenset[int] = field(default_factory=frozenset)
    on_behalf_of: int | None = None
    lenders: frozenset[int] = field(default_factory=frozenset)

    @property
    def stands_for(self) -> frozenset[int]:
        """The actor, and everybody whose delegate he is in this."""
        lender = frozenset[int]() if self.on_behalf_of is None else frozenset({self.on_behalf_of})
        return frozenset({self.actor.id}) | lender | self.lenders

    @property
    def settings(self) -> dict[str, str]:
        """The transaction settings that row-level security reads."""
        return {
            "reads": ",".join(map(str, sorted(self.reads | self.writes))),
            "writes": ",".join(map(str, sorted(self.writes))),
            "adjusts": ",".join(map(str, sorted(self.adjusts))),
            "audits": ",".join(map(str, sorted(self.audits))),
            "administers": ",".join(map(str, sorted(self.administers))),
            "on_behalf_of": "" if self.on_behalf_of is None else str(self.on_behalf_of),
            "acts": str(self.actor.id),
        }

    @property
    def rooms(self) -> dict[str, str]:
        """More of them, for transactions that concern plans or people: only those that name an organisation."""
        said = {
            "plans": self.plans | self.edits,
            "edits": self.edits,
            "staff": self.staff | self.keeps,
            "keeps": self.keeps,
            "decides": self.decides,
            "serves": self.serves,
        }
        return {name: ",".join(map(str, sorted(where))) for name, where in said.items() if where}


def system_scope(*organisations: int, origin: str = "command line") -> Scope:
    """The program acting for itself: migrations, packages, the demonstration.  Actor 0 is nobody's user id."""
    where = frozenset(organisations)
    return Scope(Actor(0, origin), writes=where, edits=where, keeps=where)
