"""The rooms of the house: pages that people go to by name, what they may begin, and the letter of each."""

from collections.abc import Iterator
from dataclasses import dataclass

from erp.base.i18n import N_, Language
from erp.reference.access.model import Identity
from web.finance.turnovers import REPORTS
from web.i18n import speech
from web.places import Ask, address_of


@dataclass(frozen=True)
class Room:
    """``path`` stands below the organisation's; one that begins with a stroke belongs to none.

    ``key`` is the letter after “g” that leads there; ``other`` are names that it answers to as well.
    """

    name: str
    path: str
    key: str = ""
    begins: bool = False
    """Whether something new is made there."""
    other: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """In all languages: people remember a page by any of them."""
        return tuple(speech(language)(name) for language in Language for name in (self.name, *self.other))


ROOMS = (
    Room(N_("New entry"), "journal/new", "e", begins=True),
    Room(N_("Home"), "", "h"),
    Room(N_("Journal"), "journal", "j"),
    Room(N_("For approval"), "approvals", "a"),
    Room(N_("My leave"), "leave", "l", other=(N_("Days of leave"),)),
    Room(N_("Ask for leave"), "leave/new", begins=True),
    Room(N_("Days of leave"), "leave/balances"),
    Room(N_("My business trips"), "trips", other=(N_("Business trips"),)),
    Room(N_("New business trip"), "trips/new", begins=True),
    Room(N_("Reports on business trips"), "trips/reports"),
    Room(N_("Business trips of staff"), "trips/staff"),
    Room(N_("Send on a business trip"), "trips/staff/new", begins=True),
    Room(N_("From business trips"), "settlements", other=(N_("Advance reports"),)),
    Room(N_("My drafts"), "drafts", "d", other=(N_("New table"),)),
    Room(N_("Trial balance"), "trial-balance", "t"),
    Room(N_("Reports"), "reports", "r", other=(N_("Saved views"),)),
    Room(N_("Counterparties"), "counterparties", "c"),
    Room(N_("Months and years"), "months", "m", other=(N_("Close the year"),)),
    Room(N_("Accounting policy"), "policy"),
    Room(N_("Closes of all institutions"), "/closing"),
    *(Room(report.title, report.path) for report in REPORTS),
    Room(N_("Typical entries"), "typical-entries"),
    Room(N_("Add a counterparty"), "counterparties/new", begins=True),
    Room(N_("From Excel or a file"), "intake", begins=True, other=(N_("Import from a file"),)),
    Room(N_("Import a journal"), "import", begins=True),
    Room(N_("Templates"), "templates"),
    Room(N_("Cancel several entries"), "bulk/correct", begins=True),
    Room(N_("Close of the month"), "closing"),
    Room(N_("Moving over from another program"), "takeover", other=(N_("Move over from 1C"),)),
    Room(N_("Where two persons are needed"), "approvals/rules"),
    Room(N_("Recodings"), "recodings"),
    Room(N_("Reorganisations"), "reorganisations"),
    Room(N_("Plans"), "plans", other=(N_("Budget versions"),)),
    Room(N_("Audit trail"), "audit"),
    Room(N_("Staff"), "staff", other=(N_("Personal files"),)),
    Room(N_("New on the staff"), "staff/new", begins=True),
    Room(N_("People from a file"), "staff/import", begins=True, other=(N_("Import of people"),)),
    Room(N_("Staffing table"), "units", other=(N_("Structural units"),)),
    Room(N_("My record"), "me", other=(N_("Who read my file"),)),
    Room(N_("Inbox"), "inbox", "i", other=(N_("Requests of employees"),)),
    Room(N_("Who is away"), "absences", other=(N_("Calendar of absences"),)),
    Room(N_("Absences of staff"), "staff/absences"),
    Room(N_("Drivers"), "drivers", other=(N_("Macroeconomic series"),)),
    Room(N_("Scenarios"), "scenarios", other=(N_("A new scenario"),)),
    Room(N_("Notifications"), "/notifications", "b"),
    Room(N_("My account"), "/account", other=(N_("Change the password"), N_("One-time codes"))),
    Room(N_("Rows and keys"), "/account/desk"),
    Room(N_("Lend a role"), "/account/delegations/new", begins=True),
    Room(N_("New token"), "/account/tokens/new", begins=True),
    Room(N_("Register a certificate"), "/account/certificates/new", begins=True),
    Room(N_("Keys"), "/keys"),
    Room(N_("Tour of the program"), "/tour"),
    Room(N_("Administration"), "/admin"),
    Room(N_("People"), "/admin/users"),
    Room(N_("New person"), "/admin/users/new", begins=True),
    Room(N_("Organisations"), "/admin/organisations"),
    Room(N_("Data packages"), "/admin/packages"),
    Room(N_("Jobs"), "/admin/jobs"),
    Room(N_("Audit trail"), "/admin/audit"),
    Room(N_("State"), "/admin/health"),
)


def rooms(request: Ask, identity: Identity, organisation_id: int | None) -> Iterator[tuple[Room, str]]:
    """Those that are open to a person, with their addresses: the policy of each page decides."""
    for room in ROOMS:
        if (address := address_of(request, identity, organisation_id, room.path)) is not None:
            yield room, address
