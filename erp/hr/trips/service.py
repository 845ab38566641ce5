"""Use cases of business trips.  Each runs inside the caller's unit of work.

The request, its approval and its days are those of ``erp.hr.requests``; what a trip costs reaches the accountant
through ``SettlementPort``, in the same transaction as the approval that makes it due.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID, uuid5

from erp.base import audit
from erp.base.clock import LOCAL_TIME, today
from erp.base.cursors import INTEGER, number_in
from erp.base.dates import DaySpan, day_string
from erp.base.errors import Invalid
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.hr.contracts.ports import SettlementPort
from erp.hr.contracts.types import Hearer, SettlementLine, SettlementStanding, TripSettlement
from erp.hr.personnel import service as personnel
from erp.hr.requests import queries as requested
from erp.hr.requests import service as requests
from erp.hr.requests.model import Kind, Request, RequestView, State
from erp.hr.requests.rules import NotAtYourDesk, OwnRequest, reason_given, repeated
from erp.hr.trips import queries, rules
from erp.hr.trips.model import (
    NO_REPORT,
    Balance,
    Compared,
    CostKind,
    Estimate,
    Facts,
    NormKind,
    Report,
    ReportLine,
    ReportState,
    Trip,
    TripPage,
    Waiting,
)
from erp.hr.trips.schemas import (
    KEPT,
    AskTrip,
    EntryDrafted,
    EstimateView,
    HandIn,
    SendAdvance,
    TripAsked,
    TripShown,
    kept,
    legs_of,
    report_of,
)
from erp.reference.attachments import service as attachments
from erp.reference.attachments.model import Attachment, Checked
from erp.reference.calendar import service as calendar
from erp.reference.notifications import service as notifications
from erp.reference.notifications.model import NotificationKind
from ledger.errors import KeyReused

_ONE_DAY = timedelta(days=1)
_ADVANCES = 9
"""How many times an advance is sent to the accountant, at most."""


# ------------------------------------------------------------------------------------------------ ask


def estimate(uow: UnitOfWork, facts: Facts) -> Estimate:
    """What the trip is expected to cost by the norms of its days.  Raises: Invalid, where the route is none."""
    rules.check(facts)
    return rules.estimate(facts, _norms(uow, facts))


def ask(uow: UnitOfWork, organisation_id: int, command: AskTrip, settlements: SettlementPort) -> Request:
    """Ask to be sent on a trip, or send somebody as who keeps the records; repeating it changes nothing.

    Raises: Invalid, AdvanceOpen, KeyReused; PersonUnknownHere and others of ``requests.submit``.
    """
    person_id = requests.own_person(uow, organisation_id) if command.person_id is None else command.person_id
    if (sent := requests.sent_under(uow, organisation_id, command.key)) is not None:
        if (sent.kind, sent.person_id) != (Kind.TRIP, person_id) or trip_of(sent).facts != command.facts:
            raise KeyReused(key=str(command.key))
        return sent
    trip = _asked(uow, organisation_id, person_id, command, settlements)
    days = DaySpan.of(trip.facts.first, trip.facts.last)
    return requests.submit(uow, organisation_id, Kind.TRIP, person_id, days, key=command.key, facts=kept(trip)).request


def mend(
    uow: UnitOfWork,
    organisation_id: int,
    request_id: int,
    version: int,
    command: TripAsked,
    settlements: SettlementPort,
) -> Request:
    """Ask anew for what waits or was returned; doing it twice does it once.

    Once the trip has begun, who keeps the records does, and says why.

    Raises: TripUnknown, and as ``ask`` and ``requests.change``.
    """
    found = _request(uow, organisation_id, request_id)
    if (sent := requests.sent_after(uow, found, version)) is not None and trip_of(sent).facts == command.facts:
        return sent
    trip = _asked(uow, organisation_id, found.person_id, command, settlements)
    days = DaySpan.of(trip.facts.first, trip.facts.last)
    return requests.change(uow, organisation_id, request_id, version, days, facts=kept(trip))


def withdraw(uow: UnitOfWork, organisation_id: int, request_id: int, version: int) -> Request:
    """Take back what is not approved yet.  Raises: TripUnknown, and as ``requests.withdraw``."""
    _request(uow, organisation_id, request_id)
    return requests.withdraw(uow, organisation_id, request_id, version)


def _asked(
    uow: UnitOfWork, organisation_id: int, person_id: int, command: TripAsked, settlements: SettlementPort
) -> Trip:
    """Raises: Invalid, AdvanceOpen."""
    facts = command.facts
    found = estimate(uow, facts)
    require_ahead(uow, organisation_id, person_id, facts)
    rules.require_ground(facts, found)
    rules.require_within(facts, found)
    if facts.advance_tiyn:
        _require_no_advance(uow, organisation_id, person_id, settlements)
    return Trip(facts, found)


def require_ahead(uow: UnitOfWork, organisation_id: int, person_id: int | None, facts: Facts) -> None:
    """A trip that has begun is recorded by who keeps records, and never their own; ``None``: of oneself.

    Raises: Invalid.
    """
    keeps = organisation_id in uow.scope.keeps and person_id is not None and not personnel.is_own(uow, person_id)
    rules.require_ahead(facts, today(), keeps=keeps)


def _require_no_advance(
    uow: UnitOfWork, organisation_id: int, person_id: int, settlements: SettlementPort, but: int | None = None
) -> None:
    """No new advance while an old one is not reported.  Raises: AdvanceOpen.

    Source: Government resolution 1428 of 22.09.2000; rules of cash operations (recalled).
    """
    asked = dict(queries.advances(uow.connection, uow.scope, organisation_id, person_id, but))
    for key, sent in _advances(uow, organisation_id, list(asked), settlements).items():
        if not sent.entry.is_undone and sent.entry.state != "withdrawn":
            raise rules.AdvanceOpen(day=day_string(asked[key]))


# ------------------------------------------------------------------------------------------------ decisions


@dataclass(frozen=True)
class Trips:
    """``Consequence`` of requests for trips: what an approval and a recall mean for the money."""

    settlements: SettlementPort

    def facts(self, uow: UnitOfWork, request: Request) -> TripShown:
        """What who asks and who decides are shown."""
        return shown(uow, request, self.settlements)

    def approved(self, uow: UnitOfWork, request: Request) -> None:
        """The advance that was asked for waits with the accountant; once the trip has begun, it gets none.

        Raises: AdvanceOpen.
        """
        trip = trip_of(request)
        if not trip.facts.advance_tiyn or _has_begun(request):
            return
        queries.lock_advances(uow.connection, uow.scope, request.person_id)
        _require_no_advance(uow, request.organisation_id, request.person_id, self.settlements, but=request.id)
        told = _settlement(uow, request, "advance", advance_key(request.key), trip.facts.advance_tiyn, ())
        self.settlements.draft(uow, told)

    def recalled(self, uow: UnitOfWork, request: Request, days: DaySpan) -> None:
        """An advance that nobody has begun to pay is taken back where no day of the trip is left.

        One that was paid is reported on, and what is left of it returned, as after any trip.

        Raises: ReportStands, AdvanceInHand.
        """
        if report(uow, request.organisation_id, request.id).state in rules.IN_HAND:
            raise rules.ReportStands()
        if request.state is State.CANCELLED and trip_of(request).facts.advance_tiyn:
            _paid_or_taken_back(uow, request, self.settlements, "trip-cancelled")


def send_advance(
    uow: UnitOfWork, organisation_id: int, request_id: int, command: SendAdvance, settlements: SettlementPort
) -> None:
    """Send an advance to the accountant anew, once it was declined or its entry cancelled; of what was asked at most.

    Before the trip begins.  Doing it twice does it once.

    Raises: TripUnknown, OwnRequest, NotAtYourDesk, AdvanceStands, AdvanceTooLate, AdvanceOpen; Invalid, where the sum
    is none.
    """
    found, amount = _locked(uow, organisation_id, request_id), command.content
    queries.lock_advances(uow.connection, uow.scope, found.person_id)
    last = _advances(uow, organisation_id, [found.key], settlements).get(found.key)
    if last is not None and (last.no, last.entry.state, last.entry.amount_tiyn) == (
        command.sent + 1,
        "waiting",
        amount,
    ):
        return
    hand = requested.hand(uow.connection, uow.scope, organisation_id, request_id)
    if hand.is_own:
        raise OwnRequest()
    if not hand.decides:
        raise NotAtYourDesk()
    there = report(uow, organisation_id, request_id)
    if last is None or last.no != command.sent or not _may_send(found, there, last):
        raise rules.AdvanceStands()
    if _has_begun(found):
        raise rules.AdvanceTooLate()
    asked = trip_of(found).facts.advance_tiyn
    if not 0 < amount <= asked:
        raise Invalid({"amount": rules.AdvanceAboveAsked(limit=decimal_string(asked))})
    _require_no_advance(uow, organisation_id, found.person_id, settlements, but=request_id)
    settlements.draft(uow, _settlement(uow, found, "advance", advance_key(found.key, command.sent + 1), amount, ()))
    audit.record(uow.connection, uow.scope, "trip-advance-sent", found.subject, organisation_id=organisation_id)


def _may_send(of: Request, there: Report, last: "Sent | None") -> bool:
    """Whether an advance may go to the accountant anew, as long as the trip has not begun."""
    return of.state.is_in_force and there.state not in rules.IN_HAND and last is not None and last.may_be_anew


def _has_begun(of: Request) -> bool:
    """Whether its first day is over: until then an advance is asked for, and sent."""
    return trip_of(of).facts.first < today()


def _settlement(
    uow: UnitOfWork, of: Request, kind: str, key: UUID, advance_tiyn: int, lines: Sequence[ReportLine]
) -> TripSettlement:
    facts = trip_of(of).facts
    told: dict[tuple[CostKind, bool], list[Compared]] = {}
    for each in rules.compared(lines, estimated(of)):
        told.setdefault((each.line.kind, each.line.abroad), []).append(each)
    asker = requested.asker(uow.connection, uow.scope, of.organisation_id, of.id)
    return TripSettlement(
        organisation_id=of.organisation_id,
        key=key,
        subject=subject(of.organisation_id, of.id),
        kind="advance" if kind == "advance" else "report",
        person=requests.names(uow, of.organisation_id, [of.person_id])[of.person_id],
        route=facts.route,
        purpose=facts.purpose,
        first=of.days.first,
        last=of.days.last,
        advance_tiyn=advance_tiyn,
        abroad=facts.abroad,
        lines=tuple(
            SettlementLine(
                kind=kind.value,
                abroad=abroad,
                amount_tiyn=sum(each.line.amount_tiyn for each in alike),
                norm_tiyn=_whole(each.norm_tiyn for each in alike),
                estimated_tiyn=sum(each.estimated_tiyn for each in alike),
                over_tiyn=sum(each.over_tiyn for each in alike),
            )
            for (kind, abroad), alike in told.items()
            if any(each.line.amount_tiyn for each in alike)
        ),
        tells=(
            *([Hearer(user_id=asker, subject=subject(of.organisation_id, of.id))] if asker else []),
            Hearer(user_id=uow.scope.actor.id, subject=desk_subject(of.organisation_id, of.id)),
        ),
    )


def _whole(parts: Iterable[int | None]) -> int | None:
    """The sum of parts that are all known."""
    known = list(parts)
    return None if None in known else sum(part for part in known if part is not None)


# ------------------------------------------------------------------------------------------------ the report


def suggested(uow: UnitOfWork, request: Request) -> tuple[ReportLine, ...]:
    """Lines that a report begins with: the estimate by the norms that are loaded now, for the days that were left."""
    facts = trip_of(request).facts
    found = rules.estimate(facts, _norms(uow, facts))
    return rules.suggested(facts, found.made(facts.first, _days_made(request)))


def estimated(request: Request) -> Estimate:
    """What was estimated when the trip was asked for, of the days that were left."""
    trip = trip_of(request)
    return trip.estimate.made(trip.facts.first, _days_made(request))


def _days_made(request: Request) -> DaySpan | None:
    return None if request.state is State.CANCELLED else request.days


def hand_in(uow: UnitOfWork, organisation_id: int, request_id: int, version: int, command: HandIn) -> Report:
    """Hand in the report on a trip that has begun, for oneself or as who keeps the records.

    What was approved or waits is not handed in anew; a command that is repeated gets its first answer.

    Raises: TripUnknown, TripNotInForce, NoReportYet, ReportChanged, ReportEmpty, PapersMissing, Invalid.
    """
    found = _locked(uow, organisation_id, request_id)
    if not found.state.is_in_force and found.state is not State.CANCELLED:
        raise rules.TripNotInForce()
    if found.days.first > today() and found.state is not State.CANCELLED:
        raise rules.NoReportYet(day=day_string(found.days.first))
    lines, result = command.content, command.result.strip()
    connection, scope = uow.connection, uow.scope
    queries.begin_report(connection, scope, organisation_id, request_id)
    there = report(uow, organisation_id, request_id)
    before = _answered(uow, found, there, version, ReportState.SUBMITTED)
    if before is not None and (before.lines, before.result) == (lines, result):
        return before
    papers = attachments.attachments_of(uow, organisation_id, subject(organisation_id, request_id))
    rules.check_report(lines, found.days, len(papers), today())
    rules.require(there, version, ReportState.SUBMITTED)
    queries.insert_lines(connection, scope, organisation_id, request_id, there.revision + 1, lines)
    _act(uow, found, there, ReportState.SUBMITTED, result=result)
    hearers = requested.hearers(connection, scope, organisation_id, request_id)
    who = requests.names(uow, organisation_id, [found.person_id])[found.person_id]
    _tell(uow, hearers, NotificationKind.TRIP_REPORTED, desk_subject(organisation_id, request_id), found, who=who)
    return report(uow, organisation_id, request_id)


def approve_report(
    uow: UnitOfWork, organisation_id: int, request_id: int, version: int, settlements: SettlementPort
) -> Balance:
    """Approve a report: the entry that settles it waits with the accountant from this transaction on.

    An advance that was not paid by now is taken back: the whole is owed then.  Doing it twice does it once, and says
    what is owed by how the advance stands by then.

    Raises: TripUnknown, ReportChanged, OwnReport, NotAtYourDesk, AdvanceInHand.
    """
    found, there = _there(uow, organisation_id, request_id)
    if (before := _answered(uow, found, there, version, ReportState.APPROVED)) is not None:
        sent = _advances(uow, organisation_id, [found.key], settlements).get(found.key)
        return rules.settle(_posted(sent.entry if sent else None), before.lines)
    _require_hand(uow, found, there)
    rules.require(there, version, ReportState.APPROVED)
    paid = _paid_or_taken_back(uow, found, settlements, "reported-without")
    balance = rules.settle(paid, there.lines)
    if balance.spent_tiyn:
        told = _settlement(uow, found, "report", report_key(found.key, there.revision), paid, there.lines)
        settlements.draft(uow, told)
    _act(uow, found, there, ReportState.APPROVED)
    _tell_person(uow, found, NotificationKind.TRIP_REPORT_APPROVED)
    return balance


def return_report(
    uow: UnitOfWork, organisation_id: int, request_id: int, version: int, reason: str, settlements: SettlementPort
) -> Report:
    """Send a report back with a reason; one that was approved only where no entry of it stands.  Doing it twice does
    it once.

    Raises: TripUnknown, ReportChanged, OwnReport, NotAtYourDesk, ReasonMissing.
    """
    reason = reason_given(reason)
    found, there = _there(uow, organisation_id, request_id)
    before = _answered(uow, found, there, version, ReportState.RETURNED)
    if before is not None and before.acts[-1].reason == reason:
        return before
    _require_hand(uow, found, there)
    rules.require(there, version, ReportState.RETURNED)
    key = report_key(found.key, there.revision)
    if not rules.may_be_returned(there, settlements.standing(uow, organisation_id, [key]).get(key)):
        raise rules.ReportChanged()
    _act(uow, found, there, ReportState.RETURNED, reason=reason)
    _tell_person(uow, found, NotificationKind.TRIP_REPORT_RETURNED, reason=reason)
    return report(uow, organisation_id, request_id)


def _there(uow: UnitOfWork, organisation_id: int, request_id: int) -> tuple[Request, Report]:
    """A report as it stands, when nobody else acts on it.  Raises: TripUnknown."""
    found = _locked(uow, organisation_id, request_id)
    return found, report(uow, organisation_id, request_id)


def _answered(uow: UnitOfWork, found: Request, there: Report, version: int, act: ReportState) -> Report | None:
    """The report after what the actor did with what they saw in ``version``, where it was such an act."""
    done = repeated(there.acts, version, uow.scope.actor.id, lambda each: each.act is act)
    if done is None:
        return None
    lines = tuple(queries.lines(uow.connection, uow.scope, found.organisation_id, found.id, done.revision))
    return Report(done.act, done.version, done.revision, lines, there.acts[: done.version])


def _require_hand(uow: UnitOfWork, found: Request, there: Report) -> None:
    """Raises: OwnReport, NotAtYourDesk."""
    hand = requested.hand(uow.connection, uow.scope, found.organisation_id, found.id)
    if hand.is_own or there.authors & uow.scope.stands_for:
        raise rules.OwnReport()
    if not hand.decides:
        raise NotAtYourDesk()


def _act(
    uow: UnitOfWork, found: Request, there: Report, act: ReportState, *, result: str = "", reason: str = ""
) -> None:
    queries.insert_act(
        uow.connection,
        uow.scope,
        found.organisation_id,
        found.id,
        act,
        version=there.version + 1,
        revision=there.revision + (act is ReportState.SUBMITTED),
        result=result,
        reason=reason,
    )
    audit.record(
        uow.connection, uow.scope, f"trip-report-{act.value}", found.subject, organisation_id=found.organisation_id
    )


def _tell_person(uow: UnitOfWork, found: Request, kind: NotificationKind, **facts: str) -> None:
    asker = requested.asker(uow.connection, uow.scope, found.organisation_id, found.id)
    about = subject(found.organisation_id, found.id)
    _tell(uow, [asker] if asker is not None else [], kind, about, found, **facts)


def _tell(
    uow: UnitOfWork, users: Sequence[int], kind: NotificationKind, about: str, found: Request, **facts: str
) -> None:
    days = f"{day_string(found.days.first)} – {day_string(found.days.last)}"
    told = [user for user in users if user != uow.scope.actor.id]
    notifications.notify_all(uow, told, kind, about, what=f"{trip_of(found).facts.route}, {days}", **facts)


# ------------------------------------------------------------------------------------------------ papers


def attach(uow: UnitOfWork, organisation_id: int, request_id: int, file: Checked) -> Attachment:
    """Keep a ticket or a receipt at a trip whose report is not approved yet; one that is there stays as it is.

    Raises: TripUnknown, PapersSettled.
    """
    _locked(uow, organisation_id, request_id)
    digest = sha256(file.content).digest()
    there = [each for each in papers(uow, organisation_id, request_id) if each.sha256 == digest]
    if there:
        return there[0]
    if report(uow, organisation_id, request_id).state is ReportState.APPROVED:
        raise rules.PapersSettled()
    return attachments.attach(uow, organisation_id, subject(organisation_id, request_id), file)


def remove_paper(uow: UnitOfWork, organisation_id: int, request_id: int, file_id: int) -> None:
    """Take off a file that one attached oneself, as long as no report is handed in.

    Raises: TripUnknown, AttachmentUnknown, PaperOfAnother, PapersHandedIn.
    """
    _locked(uow, organisation_id, request_id)
    if _paper(uow, organisation_id, request_id, file_id).added_by != uow.scope.actor.id:
        raise rules.PaperOfAnother()
    if report(uow, organisation_id, request_id).state in rules.IN_HAND:
        raise rules.PapersHandedIn()
    attachments.remove(uow, organisation_id, file_id, "")


def papers(uow: UnitOfWork, organisation_id: int, request_id: int) -> list[Attachment]:
    return attachments.attachments_of(uow, organisation_id, subject(organisation_id, request_id))


def paper(uow: UnitOfWork, organisation_id: int, request_id: int, file_id: int) -> tuple[Attachment, bytes]:
    """One of them with its content.  Raises: TripUnknown, AttachmentUnknown."""
    found = _paper(uow, organisation_id, request_id, file_id)
    return found, attachments.content_of(uow, found)


def _paper(uow: UnitOfWork, organisation_id: int, request_id: int, file_id: int) -> Attachment:
    """Raises: TripUnknown, AttachmentUnknown."""
    found = attachments.attachment(uow, organisation_id, file_id)
    if found.subject != subject(organisation_id, request_id):
        raise rules.TripUnknown()
    return found


# ------------------------------------------------------------------------------------------------ views


def trips(
    uow: UnitOfWork,
    organisation_id: int,
    settlements: SettlementPort,
    narrowed: Waiting = Waiting.ALL,
    cursor: str | None = None,
    limit: int = 50,
    *,
    person_id: int | None = None,
) -> TripPage:
    """Trips that the actor may see, the latest asked first.  Raises: CursorMalformed."""
    before = number_in(cursor, most=INTEGER) if cursor else None
    cancelled = {}
    if narrowed is not Waiting.REPORT:
        cancelled = queries.cancelled(uow.connection, uow.scope, organisation_id, person_id)
    sent = _advances(uow, organisation_id, list(cancelled), settlements)
    paid = [cancelled[key] for key, last in sent.items() if _posted(last.entry)]
    found = queries.trips(uow.connection, uow.scope, organisation_id, narrowed, person_id, paid, before, limit + 1)
    rows = found[:limit]
    called = requests.names(uow, organisation_id, {row.person_id for row in rows})
    return TripPage(rows, called, str(rows[-1].id) if len(found) > limit else None)


def reports_waiting(uow: UnitOfWork, organisation_id: int) -> int:
    """How many reports that the actor may see wait for their approval."""
    return queries.reports_waiting(uow.connection, uow.scope, organisation_id)


def trip(uow: UnitOfWork, organisation_id: int, request_id: int) -> RequestView:
    """The request of a trip whole.  Raises: TripUnknown."""
    _request(uow, organisation_id, request_id)
    return requests.view(uow, organisation_id, request_id)


def shown(uow: UnitOfWork, request: Request, settlements: SettlementPort) -> TripShown:
    """A trip with its report, and where its money stands."""
    found, there = trip_of(request), report(uow, request.organisation_id, request.id)
    facts, settled = found.facts, report_key(request.key, there.revision)
    sent = _advances(uow, request.organisation_id, [request.key], settlements).get(request.key)
    entries = settlements.standing(uow, request.organisation_id, [settled])
    balance = rules.settle(_posted(sent.entry if sent else None), there.lines)
    is_told = there.state is not ReportState.NONE
    return TripShown(
        purpose=facts.purpose,
        host=facts.host,
        route=facts.route,
        first=facts.first,
        last=facts.last,
        days=facts.days,
        comes_home=facts.comes_home,
        ground=facts.ground,
        belated=facts.belated,
        legs=legs_of(facts.legs),
        estimate=EstimateView.of(found.estimate),
        advance_asked=facts.advance_tiyn,
        advance_paid=balance.advance_tiyn,
        advance=_drafted(sent.entry if sent else None),
        advance_sent=sent.no if sent else 0,
        advance_may_be_sent=_may_send(request, there, sent) and not _has_begun(request),
        has_begun=_has_begun(request),
        may_be_returned=rules.may_be_returned(there, entries.get(settled)),
        report=report_of(there, estimated(request)),
        report_due_on=None if there.state is ReportState.APPROVED else _due_on(uow, request, balance.advance_tiyn),
        settlement=_drafted(entries.get(settled)),
        owed=balance.owed_tiyn if is_told else 0,
        returns=balance.returns_tiyn if is_told else 0,
    )


def _drafted(entry: SettlementStanding | None) -> EntryDrafted | None:
    return EntryDrafted.model_validate(entry) if entry else None


def report(uow: UnitOfWork, organisation_id: int, request_id: int) -> Report:
    """The report on a trip as it stands; an empty one where nothing was handed in."""
    return queries.report(uow.connection, uow.scope, organisation_id, request_id) or NO_REPORT


def _due_on(uow: UnitOfWork, request: Request, paid_tiyn: int) -> date | None:
    """The last day on which the report is in time: of a trip that is over, or was cancelled with its advance paid.

    ``None`` where there is none to be waited for, or no term is loaded.
    """
    ended = _ended_on(uow, request, paid_tiyn)
    if ended is None:
        return None
    found = queries.norms(uow.connection, uow.scope, ended, ended)
    term = next((int(norm.value) for norm in found if norm.kind is NormKind.REPORT_TERM), None)
    return None if term is None else calendar.working_day_after(uow, ended, term)


def _ended_on(uow: UnitOfWork, request: Request, paid_tiyn: int) -> date | None:
    """From which day a report is awaited: the last of the trip, or that on which it was cancelled."""
    if request.state.is_in_force:
        return request.days.last if request.days.last < today() else None
    if request.state is not State.CANCELLED or not paid_tiyn:
        return None
    *_, cancelled = requested.acts(uow.connection, uow.scope, request.organisation_id, request.id)
    return cancelled.at.astimezone(LOCAL_TIME).date()


def _paid_or_taken_back(uow: UnitOfWork, request: Request, settlements: SettlementPort, why: str) -> int:
    """What was paid in advance; what nobody has begun to pay is taken back, and why.  Raises: AdvanceInHand."""
    sent = _advances(uow, request.organisation_id, [request.key], settlements).get(request.key)
    if sent is None:
        return 0
    key = advance_key(request.key, sent.no)
    is_open = sent.entry.state in ("waiting", "taken")
    if is_open and not settlements.withdraw(uow, request.organisation_id, key, why):
        raise rules.AdvanceInHand()
    return _posted(sent.entry)


@dataclass(frozen=True, slots=True)
class Sent:
    """The last entry that pays an advance, of those sent to the accountant one after another."""

    no: int
    entry: SettlementStanding

    @property
    def may_be_anew(self) -> bool:
        return self.entry.is_undone and self.no < _ADVANCES


def _advances(
    uow: UnitOfWork, organisation_id: int, keys: Sequence[UUID], settlements: SettlementPort
) -> dict[UUID, Sent]:
    """The last entry of each trip asked for under one of the keys."""
    if not keys:
        return {}
    every = {advance_key(key, no): (no, key) for no in range(1, _ADVANCES + 1) for key in keys}
    standing = settlements.standing(uow, organisation_id, list(every))
    found = sorted((*every[key], entry.id, entry) for key, entry in standing.items())
    return {key: Sent(no, entry) for no, key, _, entry in found}


def _posted(entry: SettlementStanding | None) -> int:
    """What was paid: only what is posted counts."""
    return entry.amount_tiyn if entry is not None and entry.state == "posted" else 0


def trip_of(request: Request) -> Trip:
    return KEPT.validate_python(request.facts)


def subject(organisation_id: int, request_id: int) -> str:
    """What the papers of a trip, and the entries that settle it, call it."""
    return f"trip:{organisation_id}/{request_id}"


def desk_subject(organisation_id: int, request_id: int) -> str:
    """What notifications of who decides on its report call it: they lead to the report."""
    return f"tripreport:{organisation_id}/{request_id}"


def advance_key(key: UUID, no: int = 1) -> UUID:
    """Key of the entry that pays the advance of a trip asked for under ``key``, sent for the ``no``-th time."""
    return uuid5(key, "advance" if no == 1 else f"advance {no}")


def report_key(key: UUID, revision: int) -> UUID:
    """Key of the entry that settles a revision of its report."""
    return uuid5(key, f"report {revision}")


def _norms(uow: UnitOfWork, facts: Facts) -> rules.Norms:
    return rules.Norms(queries.norms(uow.connection, uow.scope, facts.first, facts.last))


def _request(uow: UnitOfWork, organisation_id: int, request_id: int) -> Request:
    """Raises: RequestUnknown; TripUnknown where it is of another kind."""
    return _require_trip(requests.request(uow, organisation_id, request_id))


def _locked(uow: UnitOfWork, organisation_id: int, request_id: int) -> Request:
    """The same as it stands when nobody else acts on the trip, its report or its papers: each of them waits here."""
    return _require_trip(requests.lock(uow, organisation_id, request_id))


def _require_trip(found: Request) -> Request:
    """Raises: TripUnknown."""
    if found.kind is not Kind.TRIP:
        raise rules.TripUnknown()
    return found
