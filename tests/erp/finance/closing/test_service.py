"""The month close: each proof is what the books say now, a tick keeps it, and a later entry makes it stale."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.clock import today
from erp.base.db import make_engine
from erp.base.scope import Scope, system_scope
from erp.finance.approvals import service as approvals
from erp.finance.approvals.schemas import RequireApproval
from erp.finance.closing import rules, service
from erp.finance.closing.model import Checklist, Kind, Period, Proof, Standing, StepView, Verdict
from erp.finance.closing.schemas import TickStep
from erp.finance.drafts import service as drafts
from erp.finance.drafts.model import Draft, Sheet
from erp.finance.journal.schemas import PostEntry
from erp.finance.policy import rules as policy_rules
from erp.finance.policy.content import Content
from erp.finance.takeover import service as takeovers
from erp.finance.takeover.schemas import BeginTakeover
from erp.finance.templates import service as templates
from erp.finance.templates.model import Every
from erp.finance.templates.schemas import LeaveOut, MakeTemplate, Recur
from erp.reference.attachments.model import Checked
from ledger import errors as ledger_errors
from qazyna.worker import Worker
from tests.factories.institution import TOMORROW, Institution, an_entry

NEXT = (TOMORROW.replace(day=1) + timedelta(days=40)).replace(day=1)
"""A month that a policy signed now holds for."""
DAY = NEXT + timedelta(days=14)
Side = Mapping[str, object]
EXPENSE: Side = {"account": "7460", "dimensions": {"programme": "110.001", "specific": "149"}}
CASH: Side = {"account": "1010"}
REVENUE: Side = {"account": "6360"}


def entry(debit: Side, credit: Side, amount: str, on: date = DAY, journal: str = "MO-16") -> PostEntry:
    lines = [{"debit": debit, "credit": credit, "amount": amount}]
    return an_entry(journal=journal, effective_on=on.isoformat(), postings=lines)


def a_policy(*steps: str, blocking: bool = True) -> Content:
    """The default policy whose close asks for some steps only; all where none is named."""
    content = policy_rules.default().content
    asked = tuple(
        each.model_copy(update={"blocking": blocking}) for each in content.closing if not steps or each.step in steps
    )
    return content.model_copy(update={"closing": asked})


def look(at: Institution, month: date = NEXT) -> Checklist:
    return at.run("head", lambda u: service.checklist(u, at.organisation, Period.month(month)))


def step(at: Institution, name: str, month: date = NEXT) -> StepView:
    return next(each for each in look(at, month).steps if each.rule.step == name)


def tick(at: Institution, name: str, who: str = "chief", reason: str = "", month: date = NEXT) -> int:
    command = TickStep(step=name, reason=reason)
    return at.run(
        who,
        lambda u: service.tick(u, at.organisation, Period.month(month), command, is_chief=who == "chief"),
    )


def findings(proof: Proof) -> list[str]:
    return [each.what for each in proof.findings]


# ------------------------------------------------------------------------------------------------ proofs


def test_an_empty_month_proves_itself_and_money_asks_for_its_statement(institution: Institution) -> None:
    assert [each.rule.step for each in look(institution).steps if not each.proof.holds] == []
    institution.post(entry(CASH, REVENUE, "5.00"))
    failing = {each.rule.step for each in look(institution).steps if not each.proof.holds}
    assert failing == {"statement-confirmed"}, "its paper is missing"


def test_a_waiting_document_fails_the_proof_until_it_is_decided(institution: Institution) -> None:
    at = institution.organisation
    institution.run(
        "chief", lambda u: approvals.require_approval(u, at, RequireApproval(journal="MO-16", since=today()))
    )
    prepared = institution.run("aigul", lambda u: approvals.prepare(u, at, entry(CASH, REVENUE, "5.00")))
    assert findings(step(institution, "documents-decided").proof) == ["MO-16 «Cash received»"]
    institution.run("aigul", lambda u: approvals.withdraw(u, at, prepared.id, prepared.version))
    assert step(institution, "documents-decided").proof.holds


def test_an_open_draft_fails_the_proof_however_its_day_is_typed_and_says_only_whose_it_is(
    institution: Institution,
) -> None:
    at = institution.organisation
    in_words = f"{DAY:%d %B %Y}"
    typed = (in_words, f"{DAY:%d.%m.%Y}", f"{DAY.day}.{DAY.month}.{DAY:%y}", DAY.isoformat(), f"{DAY:%d/%m/%Y}")
    others = ("", "soon", f"{NEXT - timedelta(days=1):%d.%m.%Y}", f"{DAY:%d.%m.}{DAY.year + 1}")

    def begin(day: str) -> Draft:
        sheet = Sheet(effective_on=day, memo="secret")
        return institution.run("aigul", lambda u: drafts.begin(u, at, sheet, key=uuid4()))

    opened = [begin(day) for day in (*typed, *others)]
    assert findings(step(institution, "drafts-finished").proof) == ["Aigul: 5"]
    for draft in opened:
        institution.run("aigul", lambda u, of=draft: drafts.discard(u, at, of.id, of.version))  # type: ignore[misc]
    assert step(institution, "drafts-finished").proof.holds


def test_what_recurs_is_posted_or_left_out_before_the_proof_holds(institution: Institution) -> None:
    at = institution.organisation
    rows = [{"debit": CASH, "credit": REVENUE, "amount": "5"}]
    sheet = {"journal": "MO-16", "memo": "Rent", "rows": rows}
    told = {"key": uuid4(), "name": "Rent", "shared": True, "sheet": sheet}
    made = institution.run("aigul", lambda u: templates.make(u, at, MakeTemplate.model_validate(told)))
    first, second = (
        institution.run(
            "aigul",
            lambda u, on=day: templates.recur(  # type: ignore[misc]
                u, at, made.id, Recur(key=uuid4(), every=Every.MONTH, day=on, since=NEXT, until=None)
            ),
        )
        for day in (5, 20)
    )
    due = [NEXT + timedelta(days=4), NEXT + timedelta(days=19)]
    proof = step(institution, "recurring-made").proof
    assert findings(proof) == [f"Rent, {day:%d.%m.%Y}" for day in due]
    assert [figure.value for figure in proof.figures] == [2]

    draft = institution.run("aigul", lambda u: templates.draft_due(u, at, first.id, due[0]))
    institution.run(
        "aigul", lambda u: templates.leave_out(u, at, second.id, due[1], LeaveOut(reason="the house moved"))
    )
    assert findings(step(institution, "recurring-made").proof) == [f"Rent, {due[0]:%d.%m.%Y}"], (
        "a draft is not yet made"
    )
    institution.run("aigul", lambda u: drafts.post(u, at, draft.id, draft.version))
    assert step(institution, "recurring-made").proof.holds
    assert not step(institution, "recurring-made", (NEXT + timedelta(days=40)).replace(day=1)).proof.holds


def test_a_number_without_its_entry_is_found(institution: Institution) -> None:
    """No act of the program leaves a gap: the counter is moved by hand, as the owner of the tables could."""
    for amount in ("1.00", "2.00"):
        institution.post(entry(CASH, REVENUE, amount))
    assert step(institution, "numbers-whole").proof.holds
    owner = make_engine(institution.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE ledger_number SET last_number = 3 WHERE organisation_id = :at AND fiscal_year = :year"),
            {"at": institution.organisation, "year": NEXT.year},
        )
    owner.dispose()
    (found,) = step(institution, "numbers-whole").proof.findings
    assert (found.what, found.place) == ("MO-16: 3 / 2", "journal?journal=MO-16")


def test_a_month_of_the_program_before_fails_the_proof_until_it_is_found_equal_and_again_when_it_changes(
    institution: Institution,
) -> None:
    at = institution.organisation
    assert step(institution, "takeover-agreed").proof.holds, "nothing is taken over"
    began = BeginTakeover(starts_on=NEXT, source_program="1C")
    takeover = institution.run("aigul", lambda u: takeovers.begin(u, at, began))
    named = {"at": at, "takeover": takeover, "actor": institution.people["aigul"]}

    def write(statement: str, **more: object) -> int:
        return institution.run("aigul", lambda u: int(u.execute(text(statement), named | more).scalar_one()))

    file = write(
        """
        INSERT INTO finance_takeover_file (organisation_id, takeover_id, kind, name, sha256, first_on, last_on,
                                           head_row, recognised, row_count, amount_tiyn, taken_by, origin)
        VALUES (:at, :takeover, 'balance', 'trial balance.xlsx', '', :first, :last, 1, '{}', 1, 0, :actor, 'test')
        RETURNING id
        """,
        first=NEXT,
        last=Period.month(NEXT).last_day,
    )
    agree = """
        INSERT INTO finance_takeover_agreement (organisation_id, takeover_id, file_id, sides, turnover_tiyn, agreed_by,
                                                origin)
        VALUES (:at, :takeover, :file, 1, 0, :actor, 'test') RETURNING id
        """
    proof = step(institution, "takeover-agreed").proof
    assert [(each.what, each.place) for each in proof.findings] == [("trial balance.xlsx", f"takeover/{takeover}")]
    write(agree, file=file)
    assert step(institution, "takeover-agreed").proof.holds
    institution.post(entry(CASH, REVENUE, "1.00", NEXT + timedelta(days=45)))
    assert step(institution, "takeover-agreed").proof.holds, "later months leave it alone"
    institution.post(entry(CASH, REVENUE, "1.00"))
    assert findings(step(institution, "takeover-agreed").proof) == ["trial balance.xlsx"]
    write(agree, file=file)
    assert step(institution, "takeover-agreed").proof.holds


def test_cash_below_zero_on_a_day_is_found_though_the_month_ends_well(institution: Institution) -> None:
    institution.post(entry(CASH, REVENUE, "10.00", NEXT - timedelta(days=3)))
    institution.post(entry(EXPENSE, CASH, "25.00", DAY))
    institution.post(entry(CASH, REVENUE, "40.00", DAY + timedelta(days=5)))
    (found,) = step(institution, "cash-not-negative").proof.findings
    assert (found.what, found.tiyn) == (f"1010, {DAY:%d.%m.%Y}", -1500)
    assert step(institution, "sides-right").proof.holds


def test_a_balance_on_the_wrong_side_and_pairs_that_should_not_meet_are_listed(institution: Institution) -> None:
    institution.post(entry(EXPENSE, CASH, "25.00"))
    assert findings(step(institution, "sides-right").proof) == ["1010"]
    assert findings(step(institution, "pairs-usual").proof) == ["7460 – 1010"]


def test_what_is_left_in_transit_is_listed(institution: Institution) -> None:
    institution.post(entry({"account": "1072"}, REVENUE, "7.00"))
    assert findings(step(institution, "transit-empty").proof) == ["1072"]
    institution.post(entry(CASH, {"account": "1072"}, "7.00"))
    assert step(institution, "transit-empty").proof.holds


def test_an_unusual_change_is_one_beyond_both_limits(institution: Institution) -> None:
    before = NEXT - timedelta(days=10)
    institution.post(entry(EXPENSE, CASH, "2000000.00", before))
    institution.post(entry(CASH, REVENUE, "100.00", before))
    institution.post(entry(EXPENSE, CASH, "2900000.00"))  # by 45 %
    institution.post(entry(CASH, REVENUE, "900.00"))  # by 800 tenge
    assert step(institution, "changes-explained").proof.holds
    institution.post(entry(EXPENSE, CASH, "100000.01"))
    (found,) = step(institution, "changes-explained").proof.findings
    assert (found.what, found.tiyn, found.was_tiyn) == ("7460", 300_000_001, 200_000_000)


def test_the_trial_balance_ties_and_the_figures_are_those_of_the_journal(institution: Institution) -> None:
    for amount in ("10.00", "20.50"):
        institution.post(entry(CASH, REVENUE, amount))
    proof = step(institution, "balance-ties").proof
    assert proof.holds
    assert [figure.value for figure in proof.figures] == [3050, 3050, 3050, 0]
    assert step(institution, "numbers-whole").proof.holds


# ------------------------------------------------------------------------------------------------ ticks


def test_a_tick_keeps_the_proof_and_a_later_entry_of_the_month_makes_it_stale(institution: Institution) -> None:
    institution.post(entry(CASH, REVENUE, "10.00"))
    tick(institution, "balance-ties")
    done = step(institution, "balance-ties")
    assert (done.standing, done.tick and done.tick.actor) == (Standing.DONE, "Chief")
    institution.post(entry(CASH, REVENUE, "1.00", NEXT - timedelta(days=1)))
    institution.post(entry(CASH, REVENUE, "1.00", NEXT + timedelta(days=45)))
    assert step(institution, "balance-ties").standing is Standing.DONE, "other months leave it alone"
    institution.post(entry(CASH, REVENUE, "5.00"))
    stale = step(institution, "balance-ties")
    assert stale.standing is Standing.STALE
    assert stale.tick is not None
    assert stale.tick.proof.figures[0].value == 1000
    assert stale.proof.figures[0].value == 1500
    tick(institution, "balance-ties")
    assert step(institution, "balance-ties").standing is Standing.DONE


def test_a_step_is_its_owner_s_or_the_chief_s(institution: Institution) -> None:
    tick(institution, "sides-right", who="aigul")
    with pytest.raises(rules.StepOfAnother):
        tick(institution, "balance-ties", who="aigul")
    with pytest.raises(rules.StepUnknown):
        tick(institution, "dance")


def test_a_failing_proof_blocks_or_asks_the_chief_for_a_reason(institution: Institution) -> None:
    institution.post(entry(EXPENSE, CASH, "25.00"))
    with pytest.raises(rules.ProofFails):
        tick(institution, "cash-not-negative", reason="because")
    with pytest.raises(rules.ReasonNeeded):
        tick(institution, "sides-right")
    with pytest.raises(rules.ReasonNeeded):
        tick(institution, "sides-right", who="aigul", reason="paid in advance")
    tick(institution, "sides-right", reason="paid in advance")
    done = step(institution, "sides-right")
    assert done.tick is not None
    assert (done.standing, done.tick.reason, done.tick.proof.verdict) == (
        Standing.DONE,
        "paid in advance",
        Verdict.FAILS,
    )


def test_a_statement_is_confirmed_with_its_paper(institution: Institution) -> None:
    institution.post(entry(CASH, REVENUE, "5.00"))
    with pytest.raises(rules.FileNeeded):
        tick(institution, "statement-confirmed")
    paper = Checked("statement.txt", "text/plain", b"1010 0.00")
    period = Period.month(NEXT)
    institution.run(
        "aigul", lambda u: service.attach(u, institution.organisation, period, "statement-confirmed", paper)
    )
    tick(institution, "statement-confirmed", who="aigul")
    assert step(institution, "statement-confirmed").is_done


def test_where_no_books_are_kept_nothing_is_shown_ticked_or_attached(institution: Institution) -> None:
    at, paper = institution.organisation, Checked("statement.txt", "text/plain", b"0.00")
    for period in (Period.month(date(1, 1, 1)), Period.month(date(2199, 12, 1)), Period.year(1991)):
        for act in (
            lambda u: service.checklist(u, at, period),  # noqa: B023
            lambda u: service.tick(u, at, period, TickStep(step="balance-ties"), is_chief=True),  # noqa: B023
            lambda u: service.attach(u, at, period, "statement-confirmed", paper),  # noqa: B023
        ):
            with pytest.raises(rules.NoBooksKept):
                institution.run("chief", act)


def test_ticks_are_for_ever(institution: Institution) -> None:
    tick(institution, "balance-ties")
    for statement in (
        "UPDATE finance_closing_tick SET reason = 'x' WHERE organisation_id = :at",
        "DELETE FROM finance_closing_tick WHERE organisation_id = :at",
    ):
        with pytest.raises(DBAPIError):
            institution.run(
                "chief",
                lambda u, said=statement: u.execute(text(said), {"at": institution.organisation}),  # type: ignore[misc]
            )


# ------------------------------------------------------------------------------------------------ closing


def test_without_a_policy_a_month_closes_as_before(institution: Institution) -> None:
    institution.run("chief", lambda u: service.close_month(u, institution.organisation, NEXT))
    assert look(institution).state == "closed"


def test_with_a_policy_a_month_closes_when_each_step_is_done(institution: Institution) -> None:
    institution.enact(a_policy("balance-ties", "numbers-whole"))
    close = lambda u: service.close_month(u, institution.organisation, NEXT)  # noqa: E731
    tick(institution, "balance-ties")
    with pytest.raises(rules.MonthNotProved):
        institution.run("chief", close)
    assert look(institution).state == "open", "nothing was locked"
    tick(institution, "numbers-whole")
    institution.post(entry(CASH, REVENUE, "5.00"))
    with pytest.raises(rules.MonthNotProved):
        institution.run("chief", close)
    for name in ("balance-ties", "numbers-whole"):
        tick(institution, name)
    institution.run("chief", close)
    assert look(institution).state == "closed"


def test_no_entry_slips_in_between_the_proof_and_the_close(new: Callable[[], Institution]) -> None:
    for _ in range(3):
        institution = new()
        institution.enact(a_policy("balance-ties"))
        tick(institution, "balance-ties")

        def close(at: Institution = institution) -> str:
            try:
                at.run("chief", lambda u: service.close_month(u, at.organisation, NEXT))
            except rules.MonthNotProved:
                return "not proved"
            return "closed"

        def post(_: int, at: Institution = institution) -> str:
            try:
                at.post(entry(CASH, REVENUE, "1.00"))
            except ledger_errors.PeriodClosed:
                return "refused"
            return "posted"

        with ThreadPoolExecutor(4) as hands:
            closing = hands.submit(close)
            outcomes = list(hands.map(post, range(3)))
        if closing.result() == "closed":
            assert set(outcomes) == {"refused"}, "an entry stands that nobody proved"
            assert not look(institution).undone
        else:
            assert "posted" in outcomes


def test_a_year_has_its_own_steps_on_top_of_its_months(institution: Institution) -> None:
    at, year = institution.organisation, TOMORROW.year - 1
    period = Period.year(year)

    def look_at_year() -> dict[str, bool]:
        found = institution.run("head", lambda u: service.checklist(u, at, period))
        return {each.rule.step: each.proof.holds for each in found.steps}

    assert look_at_year() == {
        "months-closed": False,
        "months-proved": False,
        "earlier-years-closed": True,
        "inventory-confirmed": False,
    }
    for month in range(1, 12):
        institution.run(
            "chief",
            lambda u, m=month: service.close_month(u, at, date(year, m, 1)),  # type: ignore[misc]
        )
    assert look_at_year()["months-closed"]
    done = institution.run("chief", lambda u: service.close_year(u, at, year, uuid4()))
    assert done.is_new


def test_a_year_is_proved_behind_its_locks_and_its_own_entries_make_nothing_stale(institution: Institution) -> None:
    at, year = institution.organisation, TOMORROW.year - 1
    period, key = Period.year(year), uuid4()
    institution.post(entry(CASH, REVENUE, "5.00", on=date(year, 6, 1)))
    institution.enact(a_policy("balance-ties"), since=date(year, 12, 1))
    for month in range(1, 12):
        institution.run(
            "chief",
            lambda u, m=month: service.close_month(u, at, date(year, m, 1)),  # type: ignore[misc]
        )
    with pytest.raises(rules.YearNotProved):
        institution.run("chief", lambda u: service.close_year(u, at, year, key))
    assert institution.run("head", lambda u: service.checklist(u, at, period)).state == "open"
    paper = Checked("count.txt", "text/plain", b"nothing missing")
    institution.run("chief", lambda u: service.attach(u, at, period, "inventory-confirmed", paper))
    for each in rules.OF_THE_YEAR:
        said = TickStep(step=each.step, reason="Kept on paper" if each.step == "months-proved" else "")
        institution.run("chief", lambda u, t=said: service.tick(u, at, period, t, is_chief=True))  # type: ignore[misc]
    done = institution.run("chief", lambda u: service.close_year(u, at, year, key))
    assert done.is_new
    assert done.entries
    assert not institution.run("chief", lambda u: service.close_year(u, at, year, key)).is_new, "sent twice"
    assert not institution.run("head", lambda u: service.checklist(u, at, period)).undone


# ------------------------------------------------------------------------------------------------ many, and reminders


def test_the_matrix_says_of_each_institution_what_its_own_page_says(new: Callable[[], Institution]) -> None:
    first, second = new(), new()
    first.enact(a_policy("balance-ties", "numbers-whole"))
    tick(first, "balance-ties")
    tick(second, "balance-ties")
    first.post(entry(CASH, REVENUE, "5.00"))
    both = Scope(first.scope("chief").actor, reads=frozenset({first.organisation, second.organisation}))
    late = NEXT + timedelta(days=75)
    cells = uow.read(
        first.engine, both, lambda u: service.steps_of(u, [first.organisation, second.organisation], NEXT, late)
    )
    for at in (first, second):
        for each in look(at).steps:
            cell = cells[at.organisation][each.rule.step]
            assert (cell.done, cell.stale) == (
                int(each.standing is Standing.DONE),
                int(each.standing is Standing.STALE),
            )
            assert cell.late == int(at is first and not each.is_done), "nobody is late where nothing is asked"
    months = uow.read(
        first.engine,
        both,
        lambda u: service.overview(u, [first.organisation, second.organisation], NEXT, NEXT, today()),
    )
    assert months[first.organisation, NEXT].stale == 1
    usual = len(policy_rules.default().content.closing)
    assert (months[first.organisation, NEXT].steps, months[second.organisation, NEXT].steps) == (2, usual)
    only = Scope(first.scope("chief").actor, reads=frozenset({first.organisation}))
    seen = uow.read(first.engine, only, lambda u: service.overview(u, [second.organisation], NEXT, NEXT, today()))
    assert seen == {}, "row-level security is the second witness"


def test_owners_are_told_once_that_a_step_is_due_and_once_that_it_is_late(institution: Institution) -> None:
    institution.enact(a_policy("balance-ties", "sides-right"), since=NEXT)
    due = step(institution, "balance-ties").rule.due_on
    program = system_scope(institution.organisation, origin="worker")

    def remind(day: date) -> int:
        return uow.run(institution.engine, program, lambda u: service.remind(u, day))

    assert remind(due - timedelta(days=1)) == 0
    assert (remind(due), remind(due)) == (2, 0)
    tick(institution, "sides-right", who="aigul")
    assert (remind(due + timedelta(days=1)), remind(due + timedelta(days=2))) == (1, 0)
    told = institution.run(
        "chief",
        lambda u: list(
            u.execute(
                text("SELECT kind, subject, facts->>'what' FROM base_notification WHERE user_id = :me ORDER BY id"),
                {"me": institution.people["chief"]},
            )
        ),
    )
    subject = f"closing:{institution.organisation}/{NEXT:%Y-%m}"
    assert [tuple(row) for row in told] == [
        ("closing-due", subject, f"{NEXT:%m.%Y}"),
        ("closing-late", subject, f"{NEXT:%m.%Y}"),
    ]


# ------------------------------------------------------------------------------------------------ any order of things


class Closing(RuleBasedStateMachine):
    """Entries, ticks and drafts in any order: what the page shows is what a fresh look says, stale exactly when due."""

    new: Callable[[], Institution]

    @initialize()
    def begin(self) -> None:
        self.at = type(self).new()
        self.entries = 0
        self.ticked: dict[str, int] = {}
        """Entries of the month when each step was ticked last."""

    @rule(amount=st.integers(1, 10_000), month=st.sampled_from((-1, 0, 1)), back=st.booleans())
    def post(self, amount: int, month: int, back: bool) -> None:
        on = {-1: NEXT - timedelta(days=1), 0: DAY, 1: NEXT + timedelta(days=45)}[month]
        sides = (EXPENSE, CASH) if back else (CASH, REVENUE)
        self.at.post(entry(*sides, f"{amount}.00", on))
        self.entries += month == 0

    @rule(name=st.sampled_from(("balance-ties", "sides-right", "cash-not-negative", "changes-explained")))
    def tick(self, name: str) -> None:
        proof = step(self.at, name).proof
        blocking = name in ("balance-ties", "cash-not-negative")
        try:
            tick(self.at, name, reason="it is right")
        except rules.ProofFails:
            assert blocking
            assert not proof.holds
        else:
            assert proof.holds or not blocking
            self.ticked[name] = self.entries

    @precondition(lambda self: self.ticked)
    @invariant()
    def stale_exactly_when_the_entries_of_the_month_changed(self) -> None:
        fresh = {each.rule.step: each for each in look(self.at).steps}
        for name, then in self.ticked.items():
            assert fresh[name].tick is not None
            assert fresh[name].tick.entries_since == (self.entries > then)  # type: ignore[union-attr]

    @invariant()
    def no_step_shows_as_done_a_proof_that_a_fresh_look_contradicts(self) -> None:
        if not hasattr(self, "at"):
            return
        for each in look(self.at).steps:
            if each.standing is Standing.DONE:
                assert each.tick is not None
                assert each.tick.proof == each.proof


def test_a_checklist_is_never_wrong_whatever_happens_in_whatever_order(new: Callable[[], Institution]) -> None:
    machine = type("Closing", (Closing,), {"new": staticmethod(new)})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=6, stateful_step_count=12, suppress_health_check=list(HealthCheck)),
    )


def test_a_kept_proof_is_read_as_it_was_written(institution: Institution) -> None:
    institution.post(entry(EXPENSE, CASH, "25.00"))
    for each in look(institution).steps:
        assert Proof.of(each.proof.verdict, each.proof.document) == each.proof
    assert replace(Period.month(NEXT), kind=Kind.MONTH).key == f"{NEXT:%Y-%m}"


def test_the_worker_reminds_wherever_books_are_kept(institution: Institution) -> None:
    worker = Worker(institution.engine.url.render_as_string(hide_password=False), None)
    worker.remind()
    assert set(uow.read(institution.engine, system_scope(), service.organisations)) >= {institution.organisation}


def test_a_statement_without_money_accounts_needs_no_paper(institution: Institution) -> None:
    assert step(institution, "statement-confirmed").proof.holds
    tick(institution, "statement-confirmed")
    assert step(institution, "statement-confirmed").is_done
