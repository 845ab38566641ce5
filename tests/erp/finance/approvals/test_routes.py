"""The route of a document: who takes which step, in which order, signed how; what the database refuses by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.clock import today
from erp.base.db import make_engine
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.finance.approvals import queries, rules, service
from erp.finance.approvals.model import Hands, PreparedFilter, Route, State, Step
from erp.finance.approvals.schemas import ChangeRoute, StepAsked
from erp.finance.journal import service as journal
from erp.reference.notifications import service as notifications
from erp.reference.signatures import service as signatures
from erp.reference.signatures.errors import SignatureNeeded
from erp.reference.trail import service as trail
from ledger.errors import ApprovalNeeded, ForeignOrganisation, OwnEntry, PeriodClosed, PreparedChanged
from ledger.model import Actor
from tests.erp.finance.approvals.conftest import CONSENT, FREE, GUARDED, WHOLE, Office, an_entry

NewOffice = Callable[[], Office]
CHECK, FIRST, SECOND = Step
TOMORROW = today() + timedelta(days=1)


def test_a_document_passes_three_persons_and_is_posted_by_the_last(long_office: Office) -> None:
    """Worked example: an accountant prepares, another checks, the head signs first, the chief accountant second."""
    office, prepared = long_office, long_office.prepare("aigul")
    assert office.view(prepared).chain[0].is_due
    assert office.take("bolat", prepared, CHECK, 1) is None
    assert office.view(prepared).state is State.CHECKED
    assert office.take("boss", prepared, FIRST, 2) is None
    assert (office.view(prepared).state, office.posted()) == (State.FIRST_SIGNED, [])
    posted = office.take("chief", prepared, SECOND, 3)
    assert posted is not None
    assert office.posted() == [(GUARDED, 1)]
    view = office.view(prepared)
    assert (view.state, view.entry_id, view.next_step) == (State.APPROVED, posted.entry_id, None)
    assert [(act.act, act.actor) for act in view.acts] == [
        ("prepared", "Aigul"),
        ("checked", "Bolat"),
        ("first-signed", "Boss"),
        ("approved", "Chief"),
    ]
    assert [(link.step, link.act and link.act.actor, link.is_due) for link in view.chain] == [
        (CHECK, "Bolat", False),
        (FIRST, "Boss", False),
        (SECOND, "Chief", False),
    ]
    about = rules.subject(office.organisation, prepared)
    signed = office.run("head", lambda u: signatures.signatures_of(u, office.organisation, about))
    assert [(each.purpose, each.signer) for each in signed] == [
        ("checked", "Bolat"),
        ("first-signature", "Boss"),
        ("second-signature", "Chief"),
    ]
    approval = office.run("head", lambda u: service.approval_of(u, office.organisation, posted.entry_id))
    assert approval is not None
    assert [link.act and link.act.actor for link in approval.chain] == ["Bolat", "Boss", "Chief"]
    again = office.take("chief", prepared, SECOND, 3)
    assert again is not None
    assert (again.entry_id, again.is_new) == (posted.entry_id, False)


@pytest.mark.parametrize(
    "steps",
    [WHOLE[:1], WHOLE[1:2], WHOLE[2:], WHOLE[:2], WHOLE[1:], (WHOLE[0], WHOLE[2]), WHOLE],
    ids=" ".join,
)
def test_the_last_step_of_each_route_posts(new_office: NewOffice, steps: tuple[str, ...]) -> None:
    office = new_office()
    office.require(steps=steps)
    prepared = office.prepare("aigul")
    people = {CHECK: "bolat", FIRST: "boss", SECOND: "chief"}
    for version, step in enumerate(map(Step, steps), start=1):
        assert office.posted() == []
        office.take(people[step], prepared, step, version)
    assert office.posted() == [(GUARDED, 1)]
    assert office.view(prepared).state is State.APPROVED


def test_a_step_that_is_not_due_is_refused(long_office: Office) -> None:
    office, prepared = long_office, long_office.prepare("aigul")
    for step in (FIRST, SECOND):
        with pytest.raises(rules.StepNotDue):
            office.take("chief", prepared, step, 1)
    office.take("bolat", prepared, CHECK, 1)
    with pytest.raises(PreparedChanged):
        office.take("chief", prepared, CHECK, 1)
    with pytest.raises(rules.StepNotDue):
        office.take("chief", prepared, CHECK, 2)
    assert office.take("bolat", prepared, CHECK, 1) is None, "the same again changes nothing"
    assert office.view(prepared).version == 2


def test_nobody_takes_two_steps_nor_one_of_their_own(long_office: Office) -> None:
    office, prepared = long_office, long_office.prepare("aigul")
    with pytest.raises(OwnEntry):
        office.take("aigul", prepared, CHECK, 1)
    office.take("chief", prepared, CHECK, 1)
    with pytest.raises(OwnEntry):
        office.take("chief", prepared, FIRST, 2)
    office.take("boss", prepared, FIRST, 2)
    for who in ("aigul", "chief", "boss"):
        with pytest.raises(OwnEntry):
            office.take(who, prepared, SECOND, 3)
    assert office.take("bolat", prepared, SECOND, 3)


def test_a_new_revision_begins_the_route_again_and_its_checker_may_check_anew(long_office: Office) -> None:
    office, prepared = long_office, long_office.prepare("aigul")
    office.take("bolat", prepared, CHECK, 1)
    office.run("boss", lambda u: service.return_prepared(u, office.organisation, prepared, 2, "wrong", due=FIRST))
    mended = an_entry(memo="Mended")
    office.run("aigul", lambda u: service.prepare_again(u, office.organisation, prepared, 3, mended))
    view = office.view(prepared)
    assert (view.next_step, view.steps, view.behind) == (CHECK, (), {office.people["aigul"]})
    office.take("bolat", prepared, CHECK, 4)
    office.take("boss", prepared, FIRST, 5)
    assert office.take("chief", prepared, SECOND, 6)


def test_who_only_signs_returns_only_what_waits_for_that(long_office: Office) -> None:
    office, prepared = long_office, long_office.prepare("aigul")
    with pytest.raises(rules.StepNotDue):
        office.run("boss", lambda u: service.return_prepared(u, office.organisation, prepared, 1, "why", due=FIRST))
    office.run("chief", lambda u: service.return_prepared(u, office.organisation, prepared, 1, "at any step"))
    assert office.view(prepared).state is State.RETURNED


def test_a_route_set_later_leaves_what_is_under_way_alone(new_office: NewOffice) -> None:
    office = new_office()
    duty = office.require(steps=WHOLE[:1] + WHOLE[2:])
    prepared = office.prepare("aigul")
    change = ChangeRoute(since=TOMORROW, steps=(StepAsked(step=FIRST, evidence="cms"),))
    office.run("head", lambda u: service.change_route(u, office.organisation, duty, change))
    office.take("bolat", prepared, CHECK, 1)
    assert office.take("chief", prepared, SECOND, 2)
    now, then = office.run("head", lambda u: service.duties(u, office.organisation))
    assert (now.route, now.in_force.end) == (Route((CHECK, SECOND)), TOMORROW)
    assert (then.route, then.in_force.start) == (Route((FIRST,), frozenset({FIRST})), TOMORROW)


def test_a_policy_arranges_a_journal_whatever_was_there(new_office: NewOffice) -> None:
    office = new_office()

    def arrange(command: ChangeRoute) -> int | None:
        return office.run("head", lambda u: service.arrange(u, office.organisation, GUARDED, command))

    whole = tuple(StepAsked(step=step) for step in Step)
    first = arrange(ChangeRoute(since=today(), steps=whole))
    assert arrange(ChangeRoute(since=TOMORROW, steps=whole)) == first, "the same steps change nothing"
    later = arrange(ChangeRoute(since=TOMORROW, steps=whole[1:]))
    assert later != first
    assert arrange(ChangeRoute(since=TOMORROW, steps=())) is None
    (kept,) = office.run("head", lambda u: service.duties(u, office.organisation))
    assert (kept.id, kept.in_force.end) == (first, TOMORROW)
    with pytest.raises(rules.EndsTooEarly):
        arrange(ChangeRoute(since=today(), steps=whole[:1]))


def test_a_route_has_its_order_and_at_least_one_step(office: Office) -> None:
    asked = [StepAsked(step=SECOND), StepAsked(step=CHECK, evidence="cms")]
    assert rules.route_of(asked) == Route((CHECK, SECOND), frozenset({CHECK}))
    with pytest.raises(rules.StepsMissing):
        rules.route_of([])


# ------------------------------------------------------------------------------------------------ undo


def test_what_was_withdrawn_is_taken_back_as_it_was(long_office: Office) -> None:
    office, prepared = long_office, long_office.prepare("aigul")
    office.take("bolat", prepared, CHECK, 1)
    office.run("aigul", lambda u: service.withdraw(u, office.organisation, prepared, 2))
    with pytest.raises(PreparedChanged):
        office.run("aigul", lambda u: service.reinstate(u, office.organisation, prepared, 1))
    for is_new in (True, False):
        done = office.run("aigul", lambda u: service.reinstate(u, office.organisation, prepared, 3))
        assert (done.version, done.is_new) == (4, is_new)
    view = office.view(prepared)
    assert (view.state, view.next_step, view.prepared.revision, view.memo) == (
        State.PREPARED,
        CHECK,
        2,
        "Cash received",
    )
    office.take("bolat", prepared, CHECK, 4)
    office.take("boss", prepared, FIRST, 5)
    assert office.take("chief", prepared, SECOND, 6)
    with pytest.raises(rules.NotWithdrawn):
        office.run("aigul", lambda u: service.reinstate(u, office.organisation, prepared, 7))


def test_what_could_not_be_posted_any_more_is_not_taken_back(office: Office) -> None:
    prepared = office.prepare("aigul")
    office.run("aigul", lambda u: service.withdraw(u, office.organisation, prepared, 1))
    month = an_entry().effective_on.replace(day=1)
    office.run("head", lambda u: journal.close_month(u, office.organisation, month))
    with pytest.raises(PeriodClosed):
        office.run("aigul", lambda u: service.reinstate(u, office.organisation, prepared, 2))
    assert office.view(prepared).state is State.WITHDRAWN


# ------------------------------------------------------------------------------------------------ alone, lent, at once


def test_one_accountant_takes_several_steps_under_an_exception_that_is_seen(long_office: Office) -> None:
    """The school's only accountant checks and gives the second signature; its head gives the first."""
    office = long_office
    exception = office.allow("aigul")
    prepared = office.prepare("aigul")
    office.take("aigul", prepared, CHECK, 1)
    office.take("boss", prepared, FIRST, 2)
    posted = office.take("aigul", prepared, SECOND, 3)
    assert posted is not None
    view = office.view(prepared)
    assert view.exception is not None
    assert (view.exception.id, view.exception.used) == (exception, 2)
    assert office.run("head", lambda u: service.under_exception(u, office.organisation, [posted.entry_id])) == {
        posted.entry_id
    }


def test_an_exception_of_the_checker_alone_is_seen_on_the_posted_entry(new_office: NewOffice) -> None:
    office = new_office()
    office.require(steps=(WHOLE[0], WHOLE[2]))
    office.allow("aigul")
    prepared = office.prepare("aigul")
    office.take("aigul", prepared, CHECK, 1)
    posted = office.take("chief", prepared, SECOND, 2)
    assert posted is not None
    assert office.run("head", lambda u: service.under_exception(u, office.organisation, [posted.entry_id]))


def test_a_delegate_is_taken_for_everybody_who_lends_him_a_role(long_office: Office) -> None:
    office = long_office
    office.lend("aigul", "bolat")
    office.lend("chief", "bolat")
    prepared = office.prepare("aigul")
    with pytest.raises(OwnEntry):
        office.take("bolat", prepared, CHECK, 1, on_behalf_of="chief")
    office.take("bolat", prepared, CHECK, 1)  # by a right of his own he acts for nobody
    office.take("boss", prepared, FIRST, 2)
    other = office.prepare("boss")
    office.take("bolat", other, CHECK, 1, on_behalf_of="chief")
    for who in ("chief", "aigul", "bolat"):
        with pytest.raises(OwnEntry):
            office.take(who, other, FIRST, 2)
    office.take("head", other, FIRST, 2)


@pytest.mark.parametrize("steps", [WHOLE, WHOLE[:1] + WHOLE[2:]], ids=len)
def test_two_people_at_once_take_a_step_once(new_office: NewOffice, steps: tuple[str, ...]) -> None:
    office = new_office()
    office.require(steps=steps)
    for _ in range(4):
        prepared = office.prepare("aigul")

        def check(who: str, prepared: int = prepared) -> bool:
            try:
                office.take(who, prepared, CHECK, 1)
            except PreparedChanged:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(check, ("chief", "bolat", "boss", "head")))
        assert sum(done) == 1
        assert [act.act for act in office.view(prepared).acts] == ["prepared", "checked"]


# ------------------------------------------------------------------------------------------------ signatures


def test_a_step_that_needs_a_digital_signature_takes_no_consent(new_office: NewOffice) -> None:
    office = new_office()
    office.require(steps=WHOLE, cms=("first-signature",))
    prepared = office.prepare("aigul")
    office.take("bolat", prepared, CHECK, 1)
    with pytest.raises(SignatureNeeded):
        office.take("boss", prepared, FIRST, 2)
    with pytest.raises(DBAPIError, match="not signed as it has to be"):
        office.run(
            "boss",
            lambda u: office.sign_and_act(u, prepared, State.FIRST_SIGNED, version=3, purpose="first-signature"),
        )
    assert office.view(prepared).next_step is FIRST


def test_what_is_signed_names_the_document_the_revision_and_the_purpose(office: Office) -> None:
    prepared = office.prepare("aigul")
    content = office.run("head", lambda u: service.content_to_sign(u, office.organisation, prepared, SECOND)).decode()
    for said in (f'"prepared:{office.organisation}/{prepared}"', '"revision":1', '"second-signature"', '"100.00"'):
        assert said in content
    assert (
        content
        == office.run("boss", lambda u: service.content_to_sign(u, office.organisation, prepared, SECOND)).decode()
    ), "the same bytes each time"


# ------------------------------------------------------------------------------------------------ who is told


def test_whoever_takes_the_next_step_is_told_and_finds_it_in_the_list(long_office: Office) -> None:
    office = long_office
    boss = Hands(signer=frozenset({office.people["boss"]}))
    chief = Hands(approver=frozenset({office.people["chief"]}))

    def waits(who: str, hands: Hands) -> list[int]:
        narrowed = PreparedFilter(hands=hands)
        page = office.run(who, lambda u: service.prepared_entries(u, office.organisation, narrowed))
        counted = office.run(who, lambda u: service.waiting(u, office.organisation, hands)).to_approve
        assert counted == len(page.rows)
        assert all(hands.may_take(row.next_step, row.behind) for row in page.rows)
        return [row.id for row in page.rows]

    prepared = office.prepare("aigul", an_entry(memo="For the head"))
    assert (waits("chief", chief), waits("boss", boss)) == ([prepared], [])
    office.take("bolat", prepared, CHECK, 1)
    assert (waits("chief", chief), waits("boss", boss)) == ([], [prepared])
    told = office.run("boss", lambda u: notifications.own(u, limit=5))
    assert (told[0].kind, told[0].facts["what"]) == ("to-sign", f"{GUARDED} «For the head»")
    office.take("boss", prepared, FIRST, 2)
    assert (waits("chief", chief), waits("boss", boss)) == ([prepared], [])
    assert office.run("boss", lambda u: notifications.own(u, limit=5))[0].read_at is not None


def test_the_list_is_narrowed_by_day_journal_and_preparer(office: Office) -> None:
    early, late = (
        office.prepare(who, an_entry(effective_on=on)) for who, on in (("aigul", "2026-03-01"), ("bolat", "2026-04-01"))
    )

    def found(**narrowed: object) -> set[int]:
        wanted = PreparedFilter(**narrowed)  # type: ignore[arg-type]
        return {
            row.id
            for row in office.run("head", lambda u: service.prepared_entries(u, office.organisation, wanted)).rows
        }

    assert found(through=an_entry(effective_on="2026-03-31").effective_on) == {early}
    assert found(preparer=office.people["bolat"]) == {late}
    assert found(journal=FREE) == set()


# ------------------------------------------------------------------------------------------------ past the service


def refused(
    office: Office, who: str, attack: Callable[[UnitOfWork], object], *errors: type[Exception], **behalf: str
) -> None:
    before = office.posted()
    with pytest.raises(errors or (DBAPIError,)):
        office.run(who, attack, **behalf)
    assert office.posted() == before


def test_the_database_refuses_steps_out_of_order(long_office: Office) -> None:
    office, prepared = long_office, long_office.prepare("aigul")
    for act, purpose in (
        (State.FIRST_SIGNED, "first-signature"),
        (State.APPROVED, "second-signature"),
        (State.APPROVED, "checked"),
    ):
        refused(
            office,
            "chief",
            lambda u, act=act, purpose=purpose: office.sign_and_act(u, prepared, act, version=2, purpose=purpose),  # type: ignore[misc]
            PreparedChanged,
        )
    office.take("bolat", prepared, CHECK, 1)
    refused(
        office,
        "chief",
        lambda u: office.sign_and_act(u, prepared, State.CHECKED, version=3, purpose="checked"),
        PreparedChanged,
    )


def test_the_database_refuses_two_steps_of_one_person_and_one_of_the_author(long_office: Office) -> None:
    office, prepared = long_office, long_office.prepare("aigul")
    exception = office.allow("bolat")
    steps = {"version": 2, "purpose": "checked"}
    refused(office, "aigul", lambda u: office.sign_and_act(u, prepared, State.CHECKED, **steps), OwnEntry)  # type: ignore[arg-type]
    refused(  # another's exception helps nobody
        office,
        "aigul",
        lambda u: office.sign_and_act(u, prepared, State.CHECKED, exception_id=exception, **steps),  # type: ignore[arg-type]
        OwnEntry,
    )
    refused(  # nor is an exception recorded where none is needed
        office,
        "bolat",
        lambda u: office.sign_and_act(u, prepared, State.CHECKED, exception_id=exception, **steps),  # type: ignore[arg-type]
        OwnEntry,
    )
    office.take("chief", prepared, CHECK, 1)
    refused(
        office,
        "chief",
        lambda u: office.sign_and_act(u, prepared, State.FIRST_SIGNED, version=3, purpose="first-signature"),
        OwnEntry,
    )


def test_the_database_refuses_a_step_of_an_older_revision(office: Office) -> None:
    prepared = office.prepare("aigul")
    office.run("aigul", lambda u: service.prepare_again(u, office.organisation, prepared, 1, an_entry(memo="Mended")))
    refused(office, "chief", lambda u: office.sign_and_act(u, prepared, State.APPROVED, version=3), PreparedChanged)
    refused(  # signed the old one, acts on the new one
        office,
        "chief",
        lambda u: office.sign_and_act(u, prepared, State.APPROVED, version=3, revision=2, signed_revision=1),
    )


def test_the_database_refuses_a_step_without_just_its_signature(office: Office) -> None:
    prepared, other = office.prepare("aigul"), office.prepare("aigul")

    def of_another_document(u: UnitOfWork) -> None:
        kept = queries.revision(u.connection, u.scope, office.organisation, other, 1)
        about = rules.subject(office.organisation, other)
        content = rules.signed_content(office.organisation, other, kept, SECOND)
        signed = signatures.sign(u, office.organisation, about, "second-signature", content, CONSENT)
        act(u, signed.id)

    def of_another_person(u: UnitOfWork) -> None:
        act(u, signed_by_bolat)

    def for_another_purpose(u: UnitOfWork) -> None:
        office.sign_and_act(u, prepared, State.APPROVED, version=2, purpose="checked")

    def act(u: UnitOfWork, signature_id: int | None) -> None:
        queries.insert_act(
            u.connection,
            u.scope,
            office.organisation,
            prepared,
            State.APPROVED,
            version=2,
            revision=1,
            signature_id=signature_id,
        )

    def sign(u: UnitOfWork) -> int:
        content = service.content_to_sign(u, office.organisation, prepared, SECOND)
        about = rules.subject(office.organisation, prepared)
        return signatures.sign(u, office.organisation, about, "second-signature", content, CONSENT).id

    signed_by_bolat = office.run("bolat", sign)
    for attack in (lambda u: act(u, None), of_another_document, of_another_person, for_another_purpose):
        refused(office, "chief", attack)


def test_the_database_refuses_what_does_not_pass_the_whole_route(long_office: Office) -> None:
    """Each row that the application may write, written by hand."""
    office, prepared = long_office, long_office.prepare("aigul")
    at = {"at": office.organisation, "prepared": prepared, "key": str(office.view(prepared).organisation_id)}
    for statement in (
        "UPDATE finance_prepared SET state = 'approved', next_step = NULL",
        "UPDATE finance_prepared SET next_step = 'second-signature'",
        "UPDATE finance_prepared SET behind = '{}'",
        "UPDATE finance_prepared_revision SET steps = '{check}'",
        "UPDATE finance_journal_duty SET steps = '{check}'",
        "UPDATE finance_prepared_act SET act = 'approved'",
        "DELETE FROM finance_prepared_act",
        "DELETE FROM finance_journal_duty",
        "INSERT INTO finance_prepared (organisation_id, key, next_step) VALUES (:at, gen_random_uuid(), 'check')",
        "INSERT INTO finance_journal_duty (organisation_id, journal_id, in_force, steps) "
        "VALUES (:at, 2, daterange(CAST(reference_today() AS date), NULL), '{second-signature,check}')",
        "INSERT INTO finance_journal_duty (organisation_id, journal_id, in_force, steps) "
        "VALUES (:at, 2, daterange(CAST(reference_today() AS date), NULL), '{}')",
        "INSERT INTO finance_journal_duty (organisation_id, journal_id, in_force, steps) "
        "VALUES (:at, 2, daterange(CAST(reference_today() AS date), NULL), '[0:1]={check,first-signature}')",
        "INSERT INTO finance_journal_duty (organisation_id, journal_id, in_force, steps, cms) "
        "VALUES (:at, 2, daterange(CAST(reference_today() AS date), NULL), '{check}', '{first-signature}')",
        "INSERT INTO base_sighting (organisation_id, subject, user_id) VALUES (:at, 'prepared:1/1', 1)",
    ):
        refused(office, "chief", lambda u, statement=statement: u.execute(text(statement), at))  # type: ignore[misc]


def test_a_revision_gets_the_route_of_its_journal_whatever_is_said(long_office: Office) -> None:
    office, prepared = long_office, long_office.prepare("aigul")
    copy = """
        INSERT INTO finance_prepared_revision (organisation_id, prepared_id, no, kind, schema_version, command,
               content_hash, journal_id, effective_on, memo, document_number, amount_tiyn, steps)
        SELECT organisation_id, prepared_id, no + 1, kind, schema_version, command, content_hash, journal_id,
               effective_on, memo, document_number, amount_tiyn, '{second-signature}'
          FROM finance_prepared_revision WHERE organisation_id = :at AND prepared_id = :prepared"""
    at = {"at": office.organisation, "prepared": prepared}

    def prepare_by_hand(u: UnitOfWork) -> None:
        u.execute(text(copy), at)
        queries.insert_act(u.connection, u.scope, office.organisation, prepared, State.PREPARED, version=2, revision=2)

    refused(office, "bolat", lambda u: u.execute(text(copy), at))  # nobody prepared it
    office.run("bolat", prepare_by_hand)
    view = office.view(prepared)
    assert (view.route.steps, view.next_step) == (tuple(Step), CHECK)


def test_a_withdrawn_document_comes_back_only_as_it_was(office: Office) -> None:
    prepared = office.prepare("aigul")
    office.run("aigul", lambda u: service.withdraw(u, office.organisation, prepared, 1))
    kept = office.run("aigul", lambda u: queries.revision(u.connection, u.scope, office.organisation, prepared, 1))

    def another(u: UnitOfWork) -> None:
        queries.insert_revision(
            u.connection, u.scope, office.organisation, prepared, replace(kept, no=2, content_hash=b"x" * 32)
        )
        queries.insert_act(u.connection, u.scope, office.organisation, prepared, State.PREPARED, version=3, revision=2)

    refused(office, "aigul", another, PreparedChanged)


def test_what_passed_half_its_route_is_found_in_the_books(new_office: NewOffice) -> None:
    """Whoever owns the database gets past the triggers; who looks through the books sees that a step is missing."""
    office = new_office()
    office.require(steps=WHOLE)
    prepared = office.prepare("aigul")
    office.take("bolat", prepared, CHECK, 1)
    owner = make_engine(office.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    key = office.run("head", lambda u: queries.head(u.connection, u.scope, office.organisation, prepared)).key  # type: ignore[union-attr]

    def skip(u: UnitOfWork) -> None:
        u.execute(text("ALTER TABLE finance_prepared_act DISABLE TRIGGER step"))
        u.execute(text("ALTER TABLE finance_prepared_act DISABLE TRIGGER posted"))
        u.execute(text("ALTER TABLE ledger_number DISABLE TRIGGER approved"))
        queries.insert_act(u.connection, u.scope, office.organisation, prepared, State.APPROVED, version=3, revision=1)
        u.execute(
            text("UPDATE finance_prepared SET state = 'approved', next_step = NULL, version = 3 WHERE id = :id"),
            {"id": prepared},
        )
        journal.post_entry(u, office.organisation, an_entry(key=str(key)), approved=True)

    try:
        uow.run(owner, office.scope("chief"), skip)
        with pytest.raises(rules.UnapprovedFound):
            uow.read(owner, system_scope(), service.require_all_approved)
    finally:
        with owner.begin() as connection:
            for table, trigger in (
                ("finance_prepared_act", "step"),
                ("finance_prepared_act", "posted"),
                ("ledger_number", "approved"),
            ):
                connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}"))
        owner.dispose()


def test_no_other_door_leads_past_a_long_route(long_office: Office) -> None:
    with pytest.raises(ApprovalNeeded):
        long_office.run("chief", lambda u: journal.post_entry(u, long_office.organisation, an_entry(), approved=True))


# ------------------------------------------------------------------------------------------------ who saw it


def test_who_reads_is_noted_once_a_day_and_for_nobody_else(office: Office, new_office: NewOffice) -> None:
    about, other = f"prepared:{office.organisation}/1", new_office()
    reading = Scope(Actor(office.people["boss"], "test"), reads=frozenset({office.organisation}))
    for _ in range(2):
        uow.run(office.engine, reading, lambda u: trail.saw(u, office.organisation, about))
    (seen,) = uow.read(office.engine, reading, lambda u: trail.sightings(u, office.organisation, about))
    assert (seen.name, seen.days, seen.is_today) == ("Boss", 1, True)
    assert other.run("head", lambda u: trail.sightings(u, office.organisation, about)) == []
    with pytest.raises(ForeignOrganisation):
        other.run("head", lambda u: trail.saw(u, office.organisation, about))
    with pytest.raises(DBAPIError, match="subject_of_organisation"):
        other.run("head", lambda u: trail.saw(u, other.organisation, about))
    uow.run(office.engine, system_scope(office.organisation), lambda u: trail.saw(u, office.organisation, about))
    assert len(uow.read(office.engine, reading, lambda u: trail.sightings(u, office.organisation, about))) == 1
    for statement in ("UPDATE base_sighting SET at = now()", "DELETE FROM base_sighting"):
        with pytest.raises(DBAPIError, match="permission denied"):
            office.run("boss", lambda u, statement=statement: u.execute(text(statement)))  # type: ignore[misc]
