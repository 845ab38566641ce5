"""The accounting policy: two sign it, it counts from its day, and the program obeys."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.db import make_engine
from erp.base.errors import Invalid
from erp.finance.approvals import service as approvals
from erp.finance.approvals.schemas import RequireApproval, StepAsked
from erp.finance.journal import recall
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import CorrectEntry
from erp.finance.policy import rules, service
from erp.finance.policy.model import Edition, State
from erp.finance.policy.schemas import BeginPolicy, WritePolicy
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Consent
from ledger import errors as ledger_errors
from tests.factories.institution import KEPT, LEFT_OUT, TOMORROW, Institution, a_content, an_entry

TODAY = TOMORROW - timedelta(days=1)
LATER = TOMORROW + timedelta(days=10)


def test_an_edition_is_proposed_by_one_and_signed_by_another_and_counts_from_its_day(institution: Institution) -> None:
    begun = institution.begin()
    assert (begun.state, begun.version, begun.in_force) == (State.DRAFT, 1, None)
    proposed = institution.propose(begun)
    assert (proposed.state, proposed.in_force) == (State.PROPOSED, None)
    signed = institution.sign(proposed)
    assert signed.state is State.SIGNED
    assert not signed.counts_on(TOMORROW - timedelta(days=1))
    assert signed.counts_on(TOMORROW)
    kept = institution.run("head", lambda u: signatures.signatures_of(u, institution.organisation, signed.subject))
    assert [(each.purpose, each.signer) for each in kept] == [("policy-second", "Chief"), ("policy-first", "Head")]


def test_acts_sent_twice_are_done_once(institution: Institution) -> None:
    command = BeginPolicy(key=uuid4(), since=TOMORROW, content=a_content())
    first, again = (
        institution.run("chief", lambda u: service.begin(u, institution.organisation, command)) for _ in range(2)
    )
    assert first == again
    proposed = institution.propose(first)
    assert institution.propose(first) == proposed
    signed = institution.sign(proposed)
    assert institution.sign(proposed) == signed


def test_one_person_does_not_give_both_signatures_nor_does_a_delegate_of_the_proposer(institution: Institution) -> None:
    proposed = institution.propose(institution.begin(), who="head")
    with pytest.raises(ledger_errors.PolicyOwn):
        institution.sign(proposed)
    assert institution.sign(proposed, who="second").state is State.SIGNED


def test_only_the_head_gives_the_first_signature(institution: Institution) -> None:
    with pytest.raises(rules.HeadNeeded):
        institution.sign(institution.propose(institution.begin()), who="aigul")


def test_what_was_returned_is_written_anew_and_what_was_signed_never(institution: Institution) -> None:
    proposed = institution.propose(institution.begin())
    at = institution.organisation
    rewritten = WritePolicy(since=LATER, content=a_content(reports="thousand"))
    with pytest.raises(ledger_errors.PolicyChanged):
        institution.run("chief", lambda u: service.rewrite(u, at, proposed.id, proposed.version, rewritten))
    back = institution.run("head", lambda u: service.return_(u, at, proposed.id, proposed.version, "reports in tenge"))
    assert back.state is State.DRAFT
    again = institution.run("chief", lambda u: service.rewrite(u, at, back.id, back.version, rewritten))
    assert (again.since, again.content.reports) == (LATER, "thousand")
    signed = institution.sign(institution.propose(again))
    for act in (
        lambda u: service.rewrite(u, at, signed.id, signed.version, rewritten),
        lambda u: service.discard(u, at, signed.id, signed.version),
    ):
        with pytest.raises(ledger_errors.PolicyChanged):
            institution.run("chief", act)


def test_a_signed_edition_stays_as_it_is_even_for_who_writes_sql(institution: Institution) -> None:
    signed = institution.enact()
    for statement in (
        "UPDATE finance_policy SET content = '{}' WHERE organisation_id = :at AND id = :id",
        "UPDATE finance_policy SET since = since + 1, version = version + 1 WHERE organisation_id = :at AND id = :id",
        "UPDATE finance_policy SET state = 'draft' WHERE organisation_id = :at AND id = :id",
        "UPDATE finance_policy SET in_force = NULL WHERE organisation_id = :at AND id = :id",
        "DELETE FROM finance_policy WHERE organisation_id = :at AND id = :id",
        "UPDATE finance_policy_act SET reason = 'x' WHERE organisation_id = :at AND policy_id = :id",
    ):
        with pytest.raises(DBAPIError):
            institution.run(
                "chief",
                lambda u, said=statement: u.execute(  # type: ignore[misc]
                    text(said), {"at": institution.organisation, "id": signed.id}
                ),
            )
    assert institution.run("chief", lambda u: service.edition(u, institution.organisation, signed.id)) == signed


def test_a_signature_of_something_else_signs_nothing(institution: Institution) -> None:
    """Straight into the table: the signature must be the actor's, of this edition, over what it says."""
    begun = institution.begin()

    def forge(u: uow.UnitOfWork) -> None:
        other = signatures.sign(
            u, institution.organisation, begun.subject, "policy-second", b'{"content": {}}', Consent()
        )
        u.execute(
            text("""
                INSERT INTO finance_policy_act (organisation_id, policy_id, version, act, actor_id, origin,
                                                signature_id)
                VALUES (:at, :id, 2, 'proposed', :actor, 'test', :signature)
            """),
            {
                "at": institution.organisation,
                "id": begun.id,
                "actor": u.scope.actor.id,
                "signature": other.id,
            },
        )

    with pytest.raises(DBAPIError, match="is not of what policy"):
        institution.run("chief", forge)


def test_a_later_edition_ends_the_one_before_on_its_day(institution: Institution) -> None:
    first = institution.enact()
    institution.enact(a_content(reports="tenge"), since=LATER)
    editions = institution.run("chief", lambda u: service.editions(u, institution.organisation))
    assert [(e.since, e.last_on) for e in editions] == [(LATER, None), (TOMORROW, LATER - timedelta(days=1))]
    for day, unit in ((TOMORROW, "tiyn"), (LATER - timedelta(days=1), "tiyn"), (LATER, "tenge")):
        found = institution.run(
            "chief",
            lambda u, on=day: service.in_force(u, institution.organisation, on),  # type: ignore[misc]
        )
        assert found is not None
        assert found.content.reports == unit
    with pytest.raises(ledger_errors.PolicyDayTaken):
        institution.enact(since=LATER)
    with pytest.raises(ledger_errors.PolicyDayTaken):
        institution.enact(since=TOMORROW + timedelta(days=3))
    before = institution.run("chief", lambda u: service.before(u, editions[0]))
    assert before is not None
    assert before.id == first.id


def test_an_edition_begins_tomorrow_or_later(institution: Institution) -> None:
    institution.post(an_entry(effective_on=TODAY.isoformat()))
    with pytest.raises(rules.PolicyNotTomorrow):
        institution.begin(since=TODAY)
    institution.enact()
    with pytest.raises(rules.PolicyNotTomorrow):
        institution.begin(since=TODAY)


def test_the_first_edition_may_begin_earlier_where_nothing_is_posted_from_its_day_on(institution: Institution) -> None:
    at = institution.organisation
    institution.post(an_entry(journal=LEFT_OUT, effective_on=(TODAY - timedelta(days=1)).isoformat()))
    with pytest.raises(rules.PolicyNotTomorrow):
        institution.begin(since=TODAY - timedelta(days=1))
    signed = institution.enact(a_content(journals=[{"code": KEPT, "steps": ["second-signature"]}]), since=TODAY)
    assert signed.counts_on(TODAY)
    with pytest.raises(ledger_errors.JournalNotKept):
        institution.post(an_entry(journal=LEFT_OUT, effective_on=TODAY.isoformat()))
    (duty,) = institution.run("chief", lambda u: approvals.duties(u, at))
    assert duty.in_force.start == TOMORROW, "nobody was to sign on days gone by"
    with pytest.raises(rules.PolicyNotTomorrow):
        institution.begin(since=TODAY)


def test_what_is_posted_before_the_first_edition_is_signed_bars_its_day(institution: Institution) -> None:
    """The service saw nothing when it was proposed; the database looks once more."""
    proposed = institution.propose(institution.begin(since=TODAY))
    institution.post(an_entry(effective_on=TODAY.isoformat()))
    with pytest.raises(ledger_errors.PolicyBeginsInThePast):
        institution.sign(proposed)
    back = institution.run("head", lambda u: service.return_(u, institution.organisation, proposed.id, 2, "too late"))
    with pytest.raises(rules.PolicyNotTomorrow):
        institution.propose(back)


def test_nothing_is_posted_into_a_journal_left_out_while_the_first_edition_is_signed(institution: Institution) -> None:
    """An entry under way is waited for; then one of the two gives way."""
    institution.post(an_entry(journal=LEFT_OUT, effective_on=(TODAY - timedelta(days=1)).isoformat()))
    proposed = institution.propose(institution.begin(since=TODAY))

    def attempt(act: Callable[[], object]) -> str:
        try:
            act()
        except ledger_errors.LedgerError as refusal:
            return refusal.code
        return "done"

    late = an_entry(journal=LEFT_OUT, effective_on=TODAY.isoformat())
    with ThreadPoolExecutor(2) as pool:
        acts = pool.map(attempt, (lambda: institution.sign(proposed), lambda: institution.post(late)))
    assert list(acts) in (["done", "journal-not-kept"], ["policy-begins-in-the-past", "done"])


def test_every_fault_of_a_content_is_told_where_it_stands(institution: Institution) -> None:
    wrong = a_content(
        journals=[{"code": "MO-01"}, {"code": "MO-99"}, {"code": "CLOSE"}],
        closing=[{"step": "dance", "owner": "accountant", "due": 1, "blocking": True}],
        thresholds=[{"code": "moon", "value": 1}],
    )
    with pytest.raises(Invalid) as refused:
        institution.begin(wrong)
    assert set(refused.value.faults) == {
        f"content.{place}" for place in ("journals.1.code", "journals.2.code", "closing.0.step", "thresholds.0.code")
    }


# ------------------------------------------------------------------------------------------------ the program obeys


def test_a_journal_that_the_policy_leaves_out_takes_nothing_from_its_day_on(institution: Institution) -> None:
    institution.post(an_entry(journal=LEFT_OUT))
    institution.enact(since=LATER)
    before = institution.post(an_entry(journal=LEFT_OUT))
    with pytest.raises(ledger_errors.JournalNotKept, match=LEFT_OUT):
        institution.post(an_entry(journal=LEFT_OUT, effective_on=LATER.isoformat()))
    institution.post(an_entry(effective_on=LATER.isoformat()))
    cancel = CorrectEntry(key=uuid4(), effective_on=LATER, reason="typed twice")
    storno = institution.run("aigul", lambda u: journal.correct_entry(u, institution.organisation, before, cancel))()
    assert storno.is_new, "a mistake in a journal that is kept no longer is still cancelled"


def _past_the_service(institution: Institution, **changes: Any) -> Any:
    """As a program with a mistake would post: the service forgets to look at the policy."""

    def post(u: uow.UnitOfWork) -> Any:
        kept, recall.Registers.is_kept = recall.Registers.is_kept, lambda *_: True  # type: ignore[method-assign]
        try:
            return journal.post_entry(u, institution.organisation, an_entry(journal=LEFT_OUT, **changes))
        finally:
            recall.Registers.is_kept = kept  # type: ignore[method-assign]

    return institution.run("aigul", post)


def test_the_database_refuses_what_the_service_was_made_to_let_through(institution: Institution) -> None:
    institution.enact()
    with pytest.raises(ledger_errors.JournalNotKept):  # the first of a series
        _past_the_service(institution)
    assert _past_the_service(institution, effective_on=(TOMORROW - timedelta(days=1)).isoformat())().is_new
    with pytest.raises(ledger_errors.JournalNotKept):  # one of a series that is there
        _past_the_service(institution)


def test_a_signature_and_a_posting_at_once_come_one_after_the_other(new: Callable[[], Institution]) -> None:
    """Whatever the order, no entry of the journal stands that was recorded after the policy left it out."""
    for _ in range(4):
        institution = new()
        institution.post(an_entry(journal=LEFT_OUT))
        proposed = institution.propose(institution.begin())

        def post(_: int, at: Institution = institution) -> str:
            try:
                at.post(an_entry(journal=LEFT_OUT))
            except ledger_errors.JournalNotKept:
                return "refused"
            return "posted"

        with ThreadPoolExecutor(5) as hands:
            signing = hands.submit(institution.sign, proposed)
            outcomes = list(hands.map(post, range(8)))
            assert signing.result().state is State.SIGNED
        assert set(outcomes) <= {"posted", "refused"}
        with pytest.raises(ledger_errors.JournalNotKept):
            institution.post(an_entry(journal=LEFT_OUT))


def test_two_editions_signed_at_once_never_overlap(new: Callable[[], Institution]) -> None:
    institution = new()
    proposed = [institution.propose(institution.begin(since=day)) for day in (TOMORROW, LATER)]

    def sign(edition: Edition) -> str:
        try:
            return institution.sign(edition).state
        except ledger_errors.PolicyDayTaken:
            return "taken"

    with ThreadPoolExecutor(2) as hands:
        outcomes = list(hands.map(sign, proposed))
    assert outcomes[1] == State.SIGNED
    kept = [e for e in institution.run("chief", lambda u: service.editions(u, institution.organisation)) if e.in_force]
    for day in (TOMORROW + timedelta(days=n) for n in range(30)):
        assert sum(e.counts_on(day) for e in kept) <= 1


def test_who_signs_a_journal_is_what_the_policy_says_from_its_day(institution: Institution) -> None:
    at = institution.organisation
    institution.run(
        "chief", lambda u: approvals.require_approval(u, at, RequireApproval(journal=LEFT_OUT, since=TOMORROW))
    )
    content = a_content(journals=[{"code": KEPT, "steps": ["check", "second-signature"]}, {"code": LEFT_OUT}])
    draft = institution.begin(content, since=LATER)
    told = institution.run("chief", lambda u: service.ends(u, draft))
    assert [duty.journal.code for duty in told] == [LEFT_OUT], "said before it is signed"
    signed = institution.sign(institution.propose(draft))
    duties = institution.run("chief", lambda u: approvals.duties(u, at))
    assert [(d.journal.code, d.in_force.start, d.in_force.end, d.route.steps) for d in duties] == [
        (KEPT, LATER, None, ("check", "second-signature")),
        (LEFT_OUT, TOMORROW, LATER, ("second-signature",)),
    ]
    institution.enact(signed.content, since=LATER + timedelta(days=5))  # says the same: nothing changes
    assert institution.run("chief", lambda u: approvals.duties(u, at)) == duties


def test_a_first_edition_begins_with_who_signs_what_already(institution: Institution) -> None:
    """Signed as it was offered, it lifts nobody's second signature."""
    at, asked = institution.organisation, (StepAsked(step="check"), StepAsked(step="second-signature", evidence="cms"))
    command = RequireApproval(journal=KEPT, since=TOMORROW, steps=asked)
    institution.run("chief", lambda u: approvals.require_approval(u, at, command))
    offered = institution.run("chief", lambda u: service.usual(u, at))
    (rule,) = (each for each in offered.journals if each.code == KEPT)
    assert (rule.steps, rule.cms) == (("check", "second-signature"), ("second-signature",))


def test_numbers_are_written_as_the_policy_of_their_day_says(institution: Institution) -> None:
    institution.enact(a_content(journals=[{"code": KEPT, "prefix": "К-", "width": 4, "year": "yy"}]), since=LATER)
    numbering = institution.run("chief", lambda u: service.numbering(u, institution.organisation))
    assert numbering.written(KEPT, TOMORROW, 15) == "15"
    assert numbering.written(KEPT, LATER, 15) == f"К-0015/{LATER.year % 100}"
    assert numbering.written("CLOSE", LATER, 15) == "15"


def test_a_body_above_publishes_and_the_institution_adopts_by_its_own_signatures(
    new: Callable[[], Institution],
) -> None:
    above, below = new(), new()
    link = text("""
        INSERT INTO reference_organisation_link (parent_id, child_id, in_force)
        VALUES (:above, :below, daterange('2020-01-01', NULL))
    """)
    owner = make_engine(above.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(link, {"above": above.organisation, "below": below.organisation})
    owner.dispose()
    signed = above.enact(a_content(reports="thousand"))
    assert below.run("chief", lambda u: service.offered(u, below.organisation)) == []
    above.run("chief", lambda u: service.publish(u, above.organisation, signed.id, published=True))
    (offer,) = below.run("chief", lambda u: service.offered(u, below.organisation))
    assert (offer.id, offer.content) == (signed.id, signed.content)
    command = BeginPolicy(
        key=uuid4(),
        since=TOMORROW,
        content=offer.content,
        adopts_organisation=above.organisation,
        adopts_policy=signed.id,
    )
    adopted = below.run("chief", lambda u: service.begin(u, below.organisation, command))
    assert below.sign(below.propose(adopted)).adopts == adopted.adopts
    stranger = new()
    with pytest.raises(rules.PolicyNotOffered):
        stranger.run("chief", lambda u: service.begin(u, stranger.organisation, command))


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(offsets=st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_whatever_is_signed_in_whatever_order_no_day_has_two_policies(
    new: Callable[[], Institution], offsets: list[int]
) -> None:
    institution, last = new(), 0
    for offset in offsets:
        since = TOMORROW + timedelta(days=offset)
        if offset > last:
            institution.enact(since=since)
            last = offset
        else:
            with pytest.raises(ledger_errors.PolicyDayTaken):
                institution.enact(since=since)
    kept = [e for e in institution.run("chief", lambda u: service.editions(u, institution.organisation)) if e.in_force]
    days = [TOMORROW + timedelta(days=n) for n in range(70)]
    first = min(e.since for e in kept)
    assert [sum(e.counts_on(day) for e in kept) for day in days] == [int(day >= first) for day in days]
