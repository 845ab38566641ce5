"""Two persons for an entry: who prepares, who approves, what is refused, and what stays on record."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.clock import today
from erp.base.db import make_engine
from erp.base.errors import Invalid
from erp.base.scope import Scope, system_scope
from erp.finance.approvals import queries, rules, service
from erp.finance.approvals.model import Hands, PreparedFilter, State
from erp.finance.approvals.schemas import AllowException, ReleaseJournal
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import CorrectEntry, PostEntry
from ledger import errors as ledger_errors
from ledger import service as ledger
from ledger.model import Actor, PeriodState
from tests.erp.finance.approvals.conftest import FREE, GUARDED, Office, a_correction, an_entry

TOMORROW = today() + timedelta(days=1)
NewOffice = Callable[[], Office]


def test_what_one_prepares_another_approves_and_it_is_posted_once(office: Office) -> None:
    prepared = office.prepare("aigul")
    assert office.posted() == []
    first, again = office.approve("chief", prepared), office.approve("chief", prepared)
    assert (first.entry_id, first.is_new, again.entry_id, again.is_new) == (first.entry_id, True, first.entry_id, False)
    assert office.posted() == [(GUARDED, 1)]
    view = office.view(prepared)
    assert (view.state, view.entry_id, [act.actor for act in view.acts]) == (
        State.APPROVED,
        first.entry_id,
        ["Aigul", "Chief"],
    )
    shown = office.run("bolat", lambda u: service.approval_of(u, office.organisation, first.entry_id))
    assert shown is not None
    assert (shown.prepared_by, shown.approved_by, shown.exception) == ("Aigul", "Chief", None)


def test_sending_for_approval_twice_prepares_once(office: Office) -> None:
    command = an_entry()
    first = office.run("aigul", lambda u: service.prepare(u, office.organisation, command))
    again = office.run("aigul", lambda u: service.prepare(u, office.organisation, command))
    assert (first.is_new, again.is_new, again.id, again.version) == (True, False, first.id, 1)
    other = command.model_copy(update={"memo": "something else"})
    with pytest.raises(ledger_errors.KeyReused):
        office.prepare("aigul", other)


def test_no_other_door_leads_into_the_journal(office: Office) -> None:
    with pytest.raises(ledger_errors.ApprovalNeeded):
        office.run("chief", lambda u: journal.post_entry(u, office.organisation, an_entry()))
    entry = office.approve("chief", office.prepare("aigul")).entry_id
    said = a_correction(entry)
    correction = CorrectEntry(key=said.key, effective_on=said.effective_on, reason=said.reason)
    with pytest.raises(ledger_errors.ApprovalNeeded):
        office.run("chief", lambda u: journal.correct_entry(u, office.organisation, entry, correction))
    cancelled = office.approve("chief", office.prepare("aigul", said)).entry_id
    view = office.run("head", lambda u: journal.entry(u, office.organisation, cancelled))
    assert (view.kind, view.cancels and view.cancels.entry_id) == ("storno", entry)
    office.run("chief", lambda u: journal.post_entry(u, office.organisation, an_entry(journal=FREE)))
    assert [code for code, _ in office.posted()] == [GUARDED, GUARDED, FREE]


def test_the_database_refuses_what_the_service_was_made_to_let_through(office: Office) -> None:
    """Each door of the kernel, as a program with a mistake would use it."""

    def past_the_check(u: uow.UnitOfWork) -> object:
        return journal.post_entry(u, office.organisation, an_entry(), approved=True)

    for _ in range(2):  # the first of a series, and one of a series that is there
        with pytest.raises(ledger_errors.ApprovalNeeded):
            office.run("chief", past_the_check)
        office.approve("chief", office.prepare("aigul"))

    entry = office.approve("chief", office.prepare("aigul")).entry_id
    said = a_correction(entry)
    correction = CorrectEntry(key=said.key, effective_on=said.effective_on, reason=said.reason)
    with pytest.raises(ledger_errors.ApprovalNeeded):
        office.run("chief", lambda u: journal.correct_entry(u, office.organisation, entry, correction, approved=True))
    number = len(office.posted())

    def in_bulk(u: uow.UnitOfWork) -> object:
        command = an_entry()
        work = uow.UnitOfWork(u.engine, u.scope, lambda: u.connection)
        journal.post_entry(work, office.organisation, command, approved=True)
        entries = [p.entry for p in work._pending]
        return ledger.post_many(
            u.connection,
            office.organisation,
            command.key,
            entries,
            u.scope.actor,
            entries[0].source,  # type: ignore[union-attr]
        )

    with pytest.raises(ledger_errors.ApprovalNeeded):
        office.run("chief", in_bulk)
    assert len(office.posted()) == number


def test_what_got_past_the_triggers_is_found_by_looking_through_the_books(new_office: NewOffice) -> None:
    office = new_office()
    owner = make_engine(office.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    first, second = an_entry(), an_entry()

    def look() -> None:
        uow.read(owner, system_scope(), service.require_all_approved)

    def post(command: PostEntry) -> None:
        uow.run(
            owner, office.scope("aigul"), lambda u: journal.post_entry(u, office.organisation, command, approved=True)
        )

    post(first)
    office.require()
    office.approve("chief", office.prepare("aigul"))
    look()  # neither what was posted before the setting, nor what was approved
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE ledger_number DISABLE TRIGGER approved"))
    try:
        post(second)
        with pytest.raises(rules.UnapprovedFound, match=f"Entry 3 of journal {GUARDED}, 2026"):
            look()
    finally:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE ledger_number ENABLE TRIGGER approved"))
        owner.dispose()


def test_the_database_posts_only_what_was_approved(office: Office) -> None:
    """The key of an approved entry does not carry another one into the journal."""
    prepared = office.prepare("aigul")
    key = office.run("head", lambda u: queries.head(u.connection, u.scope, office.organisation, prepared)).key  # type: ignore[union-attr]

    def swapped(u: uow.UnitOfWork) -> object:
        office.sign_and_act(u, prepared, State.APPROVED, version=2)
        return journal.post_entry(u, office.organisation, an_entry(key=str(key), memo="mine"), approved=True)

    with pytest.raises((ledger_errors.ApprovalNeeded, DBAPIError)):
        office.run("chief", swapped)

    def unposted(u: uow.UnitOfWork) -> None:
        office.sign_and_act(u, prepared, State.APPROVED, version=2)

    with pytest.raises(DBAPIError, match="approved but not posted"):
        office.run("chief", unposted)
    assert office.posted() == []


@pytest.mark.parametrize(
    ("preparer", "behalf", "approver", "approving_for"),
    [
        ("aigul", {}, "aigul", {}),
        ("aigul", {}, "chief", {"on_behalf_of": "aigul"}),
        ("aigul", {"on_behalf_of": "chief"}, "chief", {}),
        ("aigul", {"on_behalf_of": "chief"}, "bolat", {"on_behalf_of": "chief"}),
    ],
    ids=["the same person", "a delegate of the preparer", "for whom it was prepared", "two delegates of one"],
)
def test_a_preparer_does_not_approve(
    office: Office, preparer: str, behalf: dict[str, str], approver: str, approving_for: dict[str, str]
) -> None:
    prepared = office.prepare(preparer, **behalf)
    with pytest.raises(ledger_errors.OwnEntry):
        office.approve(approver, prepared, **approving_for)

    def past_the_service(u: uow.UnitOfWork) -> None:
        queries.insert_act(u.connection, u.scope, office.organisation, prepared, State.APPROVED, version=2, revision=1)

    with pytest.raises(ledger_errors.OwnEntry):
        office.run(approver, past_the_service, **approving_for)
    assert office.posted() == []


def test_a_delegate_of_several_does_not_approve_what_any_of_them_prepared(office: Office) -> None:
    office.lend("aigul", "bolat")
    office.lend("chief", "bolat")
    prepared, for_aigul = office.prepare("chief"), office.scope("bolat", "aigul")
    both = frozenset({office.people["aigul"], office.people["chief"]})
    for scope in (for_aigul, replace(for_aigul, lenders=both)):  # the database knows what the service was not told
        with pytest.raises(ledger_errors.OwnEntry):
            uow.run(office.engine, scope, lambda u: service.approve(u, office.organisation, prepared, 1))
    assert office.posted() == []


def test_none_of_several_lenders_approves_what_their_delegate_prepared(office: Office) -> None:
    office.lend("aigul", "bolat")
    office.lend("chief", "bolat")
    prepared = office.prepare("bolat", on_behalf_of="aigul")
    assert office.view(prepared).authors == {office.people[who] for who in ("aigul", "bolat", "chief")}
    for lender in ("aigul", "chief"):
        with pytest.raises(ledger_errors.OwnEntry):
            office.approve(lender, prepared)
    office.approve("head", prepared)


def test_a_delegate_allows_none_of_several_lenders_an_exception(office: Office) -> None:
    office.lend("aigul", "bolat")
    office.lend("chief", "bolat")
    command = AllowException(user_id=office.people["chief"], since=today(), until=TOMORROW, reason="just today")
    for_aigul = office.scope("bolat", "aigul")
    told = replace(for_aigul, lenders=frozenset({office.people["aigul"], office.people["chief"]}))
    with pytest.raises(rules.ExceptionForOneself):
        uow.run(office.engine, told, lambda u: service.allow_exception(u, office.organisation, command))
    with pytest.raises(DBAPIError, match="lends a role"):
        uow.run(office.engine, for_aigul, lambda u: service.allow_exception(u, office.organisation, command))


def test_the_author_of_any_revision_is_a_preparer(office: Office) -> None:
    prepared = office.prepare("aigul")
    office.run("chief", lambda u: service.return_prepared(u, office.organisation, prepared, 1, "wrong account"))
    mended = an_entry(memo="Mended")
    office.run("bolat", lambda u: service.prepare_again(u, office.organisation, prepared, 2, mended))
    for author in ("aigul", "bolat"):
        with pytest.raises(ledger_errors.OwnEntry):
            office.approve(author, prepared, 3)
    entry = office.approve("chief", prepared, 3).entry_id
    view = office.view(prepared)
    assert [(act.act, act.revision, act.actor, act.reason) for act in view.acts] == [
        ("prepared", 1, "Aigul", ""),
        ("returned", 1, "Chief", "wrong account"),
        ("prepared", 2, "Bolat", ""),
        ("approved", 2, "Chief", ""),
    ]
    assert office.run("head", lambda u: journal.entry(u, office.organisation, entry)).memo == "Mended"


def test_nobody_approves_what_changed_under_their_eyes(office: Office) -> None:
    prepared = office.prepare("aigul")
    more = an_entry(postings=[{"debit": {"account": "1010"}, "credit": {"account": "6010"}, "amount": "900.00"}])
    office.run("aigul", lambda u: service.prepare_again(u, office.organisation, prepared, 1, more))
    with pytest.raises(ledger_errors.PreparedChanged):
        office.approve("chief", prepared, 1)
    office.run("aigul", lambda u: service.withdraw(u, office.organisation, prepared, 2))
    for act in (
        lambda u: service.approve(u, office.organisation, prepared, 3),
        lambda u: service.return_prepared(u, office.organisation, prepared, 3, "too late"),
        lambda u: service.prepare_again(u, office.organisation, prepared, 3, more),
    ):
        with pytest.raises(ledger_errors.PreparedChanged):
            office.run("chief", act)


def test_repeating_an_act_changes_nothing(office: Office) -> None:
    prepared, mended = office.prepare("aigul"), an_entry(memo="Mended")
    for _ in range(2):
        office.run("chief", lambda u: service.return_prepared(u, office.organisation, prepared, 1, "wrong account"))
    for is_new in (True, False):
        done = office.run("aigul", lambda u: service.prepare_again(u, office.organisation, prepared, 2, mended))
        assert (done.version, done.is_new) == (3, is_new)
    for _ in range(2):
        office.run("aigul", lambda u: service.withdraw(u, office.organisation, prepared, 3))
    assert [act.act for act in office.view(prepared).acts] == ["prepared", "returned", "prepared", "withdrawn"]


def test_two_approvers_at_once_post_once(office: Office) -> None:
    for _ in range(5):
        prepared = office.prepare("aigul")

        def approve(who: str, prepared: int = prepared) -> bool:
            try:
                return office.approve(who, prepared).is_new
            except ledger_errors.PreparedChanged:
                return False

        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(approve, ("chief", "bolat", "chief", "bolat")))
        assert sum(outcomes) == 1
    assert office.posted() == [(GUARDED, 1)] * 5


def test_what_could_not_be_posted_is_not_prepared(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        office.prepare("aigul", an_entry(postings=[{"debit": {"account": "9999"}, "amount": "1.00"}]))
    assert set(refused.value.faults) == {"postings.0.debit.account", "postings.0.credit.account"}
    office.run(
        "head",
        lambda u: journal.close_month(u, office.organisation, an_entry().effective_on.replace(day=1)),
    )
    with pytest.raises(ledger_errors.PeriodClosed):
        office.prepare("aigul")
    with pytest.raises(rules.ApprovalNotAsked):
        office.prepare("aigul", an_entry(journal=FREE))


def test_a_restricted_month_is_left_to_the_approver(office: Office) -> None:
    month = an_entry().effective_on.replace(day=1)
    office.run("head", lambda u: journal.restrict_month(u, office.organisation, month))
    mere = Scope(Actor(office.people["aigul"], "test"), writes=frozenset({office.organisation}))
    prepared = uow.run(office.engine, mere, lambda u: service.prepare(u, office.organisation, an_entry())).id
    mere = Scope(Actor(office.people["bolat"], "test"), writes=frozenset({office.organisation}))
    with pytest.raises(ledger_errors.PeriodRestricted):
        uow.run(office.engine, mere, lambda u: service.approve(u, office.organisation, prepared, 1))
    assert office.approve("chief", prepared).is_new


def test_what_cannot_be_posted_any_more_stays_prepared(office: Office) -> None:
    prepared = office.prepare("aigul")
    month = an_entry().effective_on.replace(day=1)
    office.run("head", lambda u: journal.close_month(u, office.organisation, month))
    with pytest.raises(ledger_errors.PeriodClosed):
        office.approve("chief", prepared)
    assert office.view(prepared).state is State.PREPARED
    with pytest.raises(ledger_errors.PeriodClosed):
        office.run("chief", lambda u: service.try_to_approve(u, office.organisation, prepared, 1))
    office.run("head", lambda u: journal.reopen_month(u, office.organisation, month, "for this entry"))
    office.run("chief", lambda u: service.try_to_approve(u, office.organisation, prepared, 1))
    assert (office.posted(), office.view(prepared).state) == ([], State.PREPARED)


def test_a_journal_is_released_from_tomorrow_on_and_not_from_today(office: Office) -> None:
    (duty,) = office.run("head", lambda u: service.duties(u, office.organisation))
    with pytest.raises(rules.EndsTooEarly):
        office.release(duty.id, today())
    office.release(duty.id, TOMORROW)
    with pytest.raises(ledger_errors.ApprovalNeeded):
        office.run("aigul", lambda u: journal.post_entry(u, office.organisation, an_entry()))
    office.require(since=TOMORROW)
    with pytest.raises(rules.SeparatedAlready):
        office.require(since=TOMORROW + timedelta(days=5))
    with pytest.raises(rules.BeginsInThePast):
        office.require(FREE, since=today() - timedelta(days=1))
    with pytest.raises(rules.JournalNotSeparable):
        office.require("CLOSE")


def test_a_release_never_prolongs(office: Office) -> None:
    (duty,) = office.run("head", lambda u: service.duties(u, office.organisation))
    office.release(duty.id, TOMORROW)
    office.release(duty.id, TOMORROW + timedelta(days=300))
    (kept,) = office.run("head", lambda u: service.duties(u, office.organisation))
    assert kept.in_force.end == TOMORROW
    exception = office.allow("aigul", days=3)
    for table, row in (("finance_journal_duty", duty.id), ("finance_duty_exception", exception)):
        longer = f"UPDATE {table} SET in_force = daterange(lower(in_force), upper(in_force) + 1) WHERE id = {row}"
        with pytest.raises(DBAPIError, match="stays as it was"):
            office.run("head", lambda u, statement=longer: u.execute(text(statement)))  # type: ignore[misc]


def test_whoever_approves_is_told_by_one_statement_each(office: Office) -> None:
    """However many they are."""
    asked: list[str] = []
    note = lambda _c, _cursor, statement, *_: asked.append(statement)  # noqa: E731
    event.listen(office.engine, "before_cursor_execute", note)
    try:
        office.prepare("aigul")
    finally:
        event.remove(office.engine, "before_cursor_execute", note)
    assert len([each for each in asked if "INTO base_notification" in each]) == 1


def test_what_was_recorded_before_midnight_is_judged_by_its_day(office: Office) -> None:
    """Both by who looks through the books and by the database, which asks at commit."""
    url = office.engine.url.render_as_string(hide_password=False)
    owner = make_engine(url, role=None, pool=1)
    office.release(office.run("head", lambda u: service.duties(u, office.organisation))[0].id, TOMORROW)

    def after_midnight(u: uow.UnitOfWork) -> None:
        """The entry is recorded on the last day of the duty; at commit it is the next."""
        u.execute(text(
            "CREATE OR REPLACE FUNCTION reference_today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE"
            " RETURN reference_day(clock_timestamp()) + 1"
        ))  # fmt: skip
        journal.post_entry(u, office.organisation, an_entry(), approved=True)

    with pytest.raises(ledger_errors.ApprovalNeeded):
        uow.run(owner, office.scope("chief"), after_midnight)
    owner.dispose()


def test_a_setting_to_come_asks_nothing_yet_and_may_be_taken_away(new_office: NewOffice) -> None:
    office = new_office()
    duty = office.require(since=TOMORROW)
    office.run("aigul", lambda u: journal.post_entry(u, office.organisation, an_entry()))
    office.release(duty, TOMORROW)
    assert office.run("head", lambda u: service.duties(u, office.organisation)) == []
    with pytest.raises(rules.DutyUnknown):
        office.run(
            "head", lambda u: service.release_journal(u, office.organisation, duty, ReleaseJournal(until=TOMORROW))
        )


def test_the_database_keeps_what_was_set_on_days_gone_by(office: Office) -> None:
    for statement in (
        "UPDATE finance_journal_duty SET in_force = daterange(lower(in_force), lower(in_force))",
        "UPDATE finance_journal_duty SET in_force = daterange(lower(in_force) + 1, NULL)",
        "DELETE FROM finance_journal_duty",
        "INSERT INTO finance_journal_duty (organisation_id, journal_id, in_force) "
        f"VALUES ({office.organisation}, 2, '[2020-01-01,)')",
    ):
        with pytest.raises(DBAPIError, match="stays as it was"):
            office.run("head", lambda u, statement=statement: u.execute(text(statement)))  # type: ignore[misc]


def test_a_program_that_remembers_learns_of_a_new_setting(new_office: NewOffice) -> None:
    office = new_office()
    office.run("aigul", lambda u: journal.post_entry(u, office.organisation, an_entry()))
    office.require()
    with pytest.raises(ledger_errors.ApprovalNeeded):
        office.run("aigul", lambda u: journal.post_entry(u, office.organisation, an_entry()))


def test_what_was_posted_before_the_setting_is_still_answered(new_office: NewOffice) -> None:
    office, command = new_office(), an_entry()
    posted = office.run("aigul", lambda u: journal.post_entry(u, office.organisation, command))()
    office.require()
    again = office.run("aigul", lambda u: journal.post_entry(u, office.organisation, command))()
    assert (again.entry_id, again.is_new) == (posted.entry_id, False)
    with pytest.raises(ledger_errors.KeyReused):
        office.prepare("aigul", command)


# ------------------------------------------------------------------------------------------------ exceptions


def test_the_only_accountant_approves_under_an_exception_that_is_seen(office: Office) -> None:
    exception = office.allow("aigul")
    prepared = office.prepare("aigul")
    entry = office.approve("aigul", prepared).entry_id
    view = office.view(prepared)
    assert (view.exception.id, view.exception.reason, view.exception.allowed_by, view.exception.used) == (
        exception,
        "the only accountant",
        "Head",
        1,
    )
    (row,) = office.run(
        "head",
        lambda u: service.prepared_entries(u, office.organisation, PreparedFilter(tuple(State))),
    ).rows
    assert row.under_exception
    assert office.run("head", lambda u: service.under_exception(u, office.organisation, [entry])) == {entry}
    other = office.prepare("bolat")
    assert office.approve("aigul", other).is_new
    assert office.view(other).exception is None
    with pytest.raises(ledger_errors.OwnEntry):
        office.approve("bolat", office.prepare("bolat"))


def test_an_exception_that_is_over_or_to_come_allows_nothing(office: Office) -> None:
    prepared = office.prepare("aigul")
    exception = office.allow("aigul", since=TOMORROW)
    with pytest.raises(ledger_errors.OwnEntry):
        office.approve("aigul", prepared)
    office.run("head", lambda u: service.end_exception(u, office.organisation, exception, TOMORROW))
    assert office.run("head", lambda u: service.exceptions(u, office.organisation)) == []


def test_nobody_allows_an_exception_to_themselves(office: Office) -> None:
    with pytest.raises(rules.ExceptionForOneself):
        office.allow("aigul", by="aigul")
    command = AllowException(user_id=office.people["aigul"], since=today(), until=TOMORROW, reason="just today")
    with pytest.raises(rules.ExceptionForOneself):
        office.run("bolat", lambda u: service.allow_exception(u, office.organisation, command), on_behalf_of="aigul")
    with pytest.raises(rules.NotABookkeeper):
        office.allow("head", by="aigul")
    with pytest.raises(DBAPIError, match="finance_duty_exception_by_another"):
        office.run(
            "aigul",
            lambda u: queries.insert_exception(
                u.connection,
                u.scope,
                office.organisation,
                user_id=office.people["aigul"],
                since=today(),
                until=TOMORROW,
                reason="mine",
            ),
        )


def test_an_exception_has_an_end_and_there_is_one_at_a_time(office: Office) -> None:
    exception = office.allow("aigul")
    with pytest.raises(rules.ExceptionAlready):
        office.allow("aigul", days=3)
    with pytest.raises(rules.EndsTooEarly):
        office.allow("bolat", days=0)
    office.run("head", lambda u: service.end_exception(u, office.organisation, exception, TOMORROW))
    (ended,) = office.run("head", lambda u: service.exceptions(u, office.organisation))
    assert ended.until == TOMORROW
    with pytest.raises(rules.EndsTooEarly):
        office.run("head", lambda u: service.end_exception(u, office.organisation, exception, today()))


def test_every_change_is_in_the_trail(office: Office) -> None:
    office.allow("aigul")
    prepared = office.prepare("aigul")
    office.run("chief", lambda u: service.return_prepared(u, office.organisation, prepared, 1, "wrong account"))
    office.run("aigul", lambda u: service.prepare_again(u, office.organisation, prepared, 2, an_entry(memo="Mended")))
    office.approve("aigul", prepared, 3)
    trail = trail_of(office)
    assert [action for action, _, _ in trail] == [
        "approval-required",
        "exception-allowed",
        "entry-prepared",
        "entry-returned",
        "entry-prepared",
        "signed",
        "entry-approved",
    ]
    assert {subject for action, subject, _ in trail if action.startswith("entry-")} == {
        f"prepared:{office.organisation}/{prepared}"
    }


def test_a_release_is_in_the_trail_and_among_the_settings(office: Office) -> None:
    (duty,) = office.run("head", lambda u: service.duties(u, office.organisation))
    office.release(duty.id, TOMORROW)
    assert [(action, facts) for action, _, facts in trail_of(office)][-1] == ("approval-released", {"journal": GUARDED})
    (released,) = office.run("head", lambda u: service.duties(u, office.organisation))
    assert (released.in_force.start, released.in_force.end) == (today(), TOMORROW)


def trail_of(office: Office) -> list[tuple[str, str, object]]:
    from erp.base.db import make_engine

    owner = make_engine(str(office.engine.url.render_as_string(hide_password=False)), role=None, pool=1)
    with owner.connect() as connection:
        found = connection.execute(
            text("SELECT action, subject, facts FROM base_audit_event WHERE organisation_id = :id ORDER BY id"),
            {"id": office.organisation},
        )
        trail = [(row.action, row.subject, row.facts) for row in found]
    owner.dispose()
    return trail


# ------------------------------------------------------------------------------------------------ another's


def test_another_organisation_sees_and_does_nothing(office: Office, new_office: NewOffice) -> None:
    prepared = office.prepare("aigul", an_entry(memo="a secret of theirs"))
    office.allow("aigul")
    other = new_office()
    for look in (
        lambda u: service.prepared_entry(u, office.organisation, prepared),
        lambda u: service.approve(u, other.organisation, prepared, 1),
        lambda u: service.command_prepared(u, office.organisation, prepared),
    ):
        with pytest.raises(rules.PreparedUnknown):
            other.run("chief", look)
    with pytest.raises(ledger_errors.ForeignOrganisation):
        other.run("chief", lambda u: service.approve(u, office.organisation, prepared, 1))
    everything = PreparedFilter(tuple(State))
    assert other.run("chief", lambda u: service.prepared_entries(u, office.organisation, everything)).rows == ()
    assert other.run("chief", lambda u: service.some_prepared(u, office.organisation, [prepared])) == []
    assert other.run("chief", lambda u: service.exceptions(u, office.organisation)) == []
    assert other.run("chief", lambda u: service.duties(u, office.organisation)) == []
    assert (
        other.run("chief", lambda u: service.waiting(u, office.organisation, Hands(approver=frozenset({1})))).to_approve
        == 0
    )
    with pytest.raises(DBAPIError, match="row-level security"):
        other.run("chief", lambda u: service.prepare(u, office.organisation, an_entry()))


def test_the_acts_and_revisions_never_change(office: Office) -> None:
    office.prepare("aigul")
    for statement in (
        "UPDATE finance_prepared_act SET actor_id = 1",
        "DELETE FROM finance_prepared_revision",
        "UPDATE finance_prepared SET state = 'approved'",
        "DELETE FROM finance_prepared",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            office.run("head", lambda u, statement=statement: u.execute(text(statement)))  # type: ignore[misc]


def test_months_are_closed_though_something_waits_and_a_year_too(office: Office) -> None:
    """What waits does not stand in the way: it is dated anew, or withdrawn."""
    prepared = office.prepare("aigul")
    month = an_entry().effective_on.replace(day=1)
    office.run(
        "head", lambda u: ledger.set_period(u.connection, office.organisation, month, PeriodState.CLOSED, u.scope.actor)
    )
    later = an_entry(effective_on="2026-04-01")
    office.run("aigul", lambda u: service.prepare_again(u, office.organisation, prepared, 1, later))
    assert office.approve("chief", prepared, 2).is_new
