"""The parts of the program and their sections, as the head of every page of an organisation shows them."""

from dataclasses import dataclass

from erp.base.i18n import N_
from erp.reference.access.model import Identity, Permission
from erp.reference.access.policy import reach
from web.places import Ask, address_of

_OPENS = (
    Permission.JOURNAL_READ,
    Permission.PLAN_READ,
    Permission.STAFF_READ,
    Permission.ABSENCE_DECIDE,
    Permission.SELF_SERVICE,
)
"""Each opens a part of the program at an organisation."""


@dataclass(frozen=True)
class Section:
    """A page below the organisation's, and the letter after “g” that leads there.

    Pages below ``within`` are of the section as well; ``*`` stands for one part of the path.
    """

    path: str
    name: str
    key: str = ""
    within: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path, self.within) if self.within else (self.path,)


@dataclass(frozen=True)
class Part:
    """Sections in their order; ``other`` paths lead to the part as well."""

    name: str
    sections: tuple[Section, ...]
    other: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return (*(path for section in self.sections for path in section.paths), *self.other)


FINANCE = Part(N_("Finance"), (Section("", N_("Home"), "h"),))
"""Its sections are written out in the page: some count what waits there."""
PARTS = (
    FINANCE,
    Part(
        N_("Planning"),
        (
            Section("plans", N_("Budget plans")),
            Section("scenarios", N_("Scenarios"), within="plans/*/scenarios"),
            Section("drivers", N_("Drivers")),
        ),
    ),
    Part(
        N_("Staff"),
        (
            Section("inbox", N_("Inbox"), "i"),
            Section("staff", N_("Personal files")),
            Section("units", N_("Staffing table"), within="posts"),
            Section("staff/absences", N_("Absences")),
            Section("leave/balances", N_("Days of leave"), within="leave/people"),
            Section("trips/staff", N_("Business trips")),
            Section("trips/reports", N_("Advance reports")),
        ),
    ),
    Part(
        N_("For me"),
        (
            Section("leave", N_("My leave"), "l"),
            Section("trips", N_("My business trips")),
            Section("absences", N_("Who is away")),
            Section("me", N_("My record")),
        ),
        other=("requests",),
    ),
)
OWN = PARTS[-1]
"""It leads to where the person serves, from wherever they are at work."""


@dataclass(frozen=True)
class Link:
    section: Section
    address: str
    is_here: bool


@dataclass(frozen=True)
class Open:
    """A part that is open to a person at an organisation."""

    part: Part
    links: tuple[Link, ...]
    is_here: bool

    @property
    def address(self) -> str:
        return self.links[0].address


def parts(request: Ask, identity: Identity, organisation_id: int) -> list[Open]:
    """Those that are open; the policy of each page decides."""
    place = request.url.path.removeprefix(f"/o/{organisation_id}").strip("/")
    leading = ((path, part) for part in PARTS for path in part.paths if path and _is_below(place, path))
    current, here = max(leading, key=lambda found: len(found[0]), default=("", FINANCE))
    serves = reach(identity, Permission.SELF_SERVICE)
    found = []
    for part in PARTS:
        at = min(serves, default=organisation_id) if part is OWN and organisation_id not in serves else organisation_id
        links = tuple(
            Link(section, address, part is here and current in section.paths)
            for section in part.sections
            if (address := address_of(request, identity, at, section.path)) is not None
        )
        if links:
            found.append(Open(part, links, part is here))
    return found


def start(request: Ask, identity: Identity, organisation_id: int) -> str:
    """The first page at an organisation that is open to a person."""
    found = parts(request, identity, organisation_id)
    return found[0].address if found else "/"


def workplaces(identity: Identity) -> frozenset[int]:
    """Organisations where something is open to a person."""
    return frozenset[int]().union(*(reach(identity, each) for each in _OPENS))


def _is_below(place: str, path: str) -> bool:
    names, wanted = place.split("/"), path.split("/")
    return len(names) >= len(wanted) and all(w in (n, "*") for n, w in zip(names, wanted, strict=False))
