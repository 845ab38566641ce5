"""What lies on people's desks when the demonstration is opened: a policy, papers that wait, a talk, a leave.

Unlike the books it follows the clock: what people decide counts from the day of loading.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid5

from sqlalchemy import Engine

from erp.base import uow
from erp.base.clock import today
from erp.base.money import decimal_string
from erp.base.scope import system_scope
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.approvals.model import Step
from erp.finance.approvals.schemas import AllowException, RequireApproval, StepAsked
from erp.finance.journal import service as journal
from erp.finance.journal.model import EntryFilter, EntryRow
from erp.finance.journal.schemas import PostEntry
from erp.finance.policy import service as policies
from erp.finance.policy.model import Edition
from erp.finance.policy.model import State as EditionState
from erp.finance.policy.schemas import BeginPolicy
from erp.reference.access import people, policy
from erp.reference.access import service as access
from erp.reference.access.model import Identity, Permission, Role
from erp.reference.attachments import rules as files
from erp.reference.attachments import service as attachments
from erp.reference.comments import service as comments
from erp.reference.organisations import service as organisations
from erp.reference.signatures.model import Consent
from qazyna.demonstration import days, oblast
from qazyna.demonstration.model import Institution

ORIGIN = "demonstration"
_KEYS = UUID("0d6f0b34-55c2-5f0e-8a53-93c1b5c9ad7e")
_DISPOSALS = "MO-09"
_GYMNASIUM, _ALONE = "School-Gymnasium No. 4", "Akim's Office of Besterek rural okrug"
_LYCEUM = "School-Lyceum No. 1"
_TALKING, _AWAY = "School No. 12", "Akim's Office of Zhanadala district"
SIGNED = "School-Lyceum No. 1"
_EXCEPTION, _LEAVE = timedelta(days=180), timedelta(days=13)

T = TypeVar("T")


def lay_out(engine: Engine) -> None:
    """Put it all there; what an earlier load did already is left alone."""
    _write_offs_wait(_Place.of(engine, _GYMNASIUM))
    _long_route(_Place.of(engine, _LYCEUM))
    _one_accountant(_Place.of(engine, _ALONE))
    _reconciliation(_Place.of(engine, _TALKING))
    _on_leave(_Place.of(engine, _AWAY))


@dataclass(frozen=True, slots=True)
class _Place:
    """An institution, where people act in turn with the rights that the policy gives them."""

    engine: Engine
    institution: Institution
    id: int

    @classmethod
    def of(cls, engine: Engine, name: str) -> "_Place":
        institution = next(i for i in oblast.institutions() if i.en == name)
        scope = system_scope(origin=ORIGIN)
        found = uow.read(engine, scope, lambda u: organisations.find_by_code(u, institution.code))
        assert found is not None
        return cls(engine, institution, found.id)

    def person(self, login: str) -> Identity:
        return uow.read(self.engine, system_scope(origin=ORIGIN), lambda u: access.person(u, login, today()))

    def act(self, login: str, permission: Permission, command: Callable[[UnitOfWork], T]) -> T:
        return uow.run(self.engine, policy.authorise(self.person(login), permission, self.id), command)

    def say(self, key: str, **fields: object) -> str:
        return oblast.say(self.institution.language, key, **fields)

    def write_off(self, what: str, number: int, account: str, cost_tiyn: int, worn_tiyn: int) -> PostEntry:
        """An act of disposal: the depreciation, and what of the cost is not worn down."""
        parts = {"2391": worn_tiyn, "7420": cost_tiyn - worn_tiyn}
        return PostEntry.model_validate(
            {
                "key": uuid5(_KEYS, f"{self.institution.code}/{number}"),
                "journal": _DISPOSALS,
                "effective_on": days.LAST_DAY,
                "memo": self.say("worn_out", what=self.say(what)),
                "document_number": str(number),
                "document_on": days.LAST_DAY,
                "postings": [
                    {"debit": {"account": debit}, "credit": {"account": account}, "amount": decimal_string(tiyn)}
                    for debit, tiyn in parts.items()
                    if tiyn
                ],
            }
        )


# ------------------------------------------------------------------------------------------------ a policy


def sign_policy(engine: Engine) -> None:
    """A school's accounting policy, by its chief accountant and its director: of the months that are open, and so
    before anything of theirs is posted."""
    place = _Place.of(engine, SIGNED)

    def begin(u: UnitOfWork) -> Edition:
        key, content = uuid5(_KEYS, f"{place.institution.code}/policy"), policies.usual(u, place.id)
        return policies.begin(u, place.id, BeginPolicy(key=key, since=days.OPEN_FROM, content=content))

    edition = next(iter(place.act("svetlana", Permission.JOURNAL_READ, lambda u: policies.editions(u, place.id))), None)
    if edition is None:
        edition = place.act("svetlana", Permission.POLICY_MANAGE, begin)
    for state, login, permission, act in (
        (EditionState.DRAFT, "svetlana", Permission.POLICY_MANAGE, policies.propose),
        (EditionState.PROPOSED, "zhanar", Permission.POLICY_SIGN, policies.sign),
    ):
        if edition.state is state:
            done = partial(
                act, organisation_id=place.id, policy_id=edition.id, version=edition.version, evidence=Consent()
            )
            edition = place.act(login, permission, done)


# ------------------------------------------------------------------------------------------------ second persons


def _write_offs_wait(place: _Place) -> None:
    """Disposals of a gymnasium need its chief accountant: three acts wait for her, one she sent back."""
    _ask_for(place, "svetlana", Step.SECOND_SIGNATURE)

    def prepared(what: str, number: int, account: str, cost_tiyn: int, worn_tiyn: int) -> int:
        act = place.write_off(what, number, account, cost_tiyn, worn_tiyn)
        return place.act("madina", Permission.JOURNAL_POST, lambda u: approvals.prepare(u, place.id, act)).id

    prepared("projectors", 41, "2360", 82_400_000, 82_400_000)
    prepared("furniture", 42, "2370", 31_650_000, 31_650_000)
    prepared("printer", 43, "2360", 47_900_000, 39_900_000)
    incomplete = prepared("computers", 44, "2360", 64_300_000, 51_440_000)
    sent_back = partial(
        approvals.return_prepared,
        organisation_id=place.id,
        prepared_id=incomplete,
        version=1,
        reason=place.say("act_incomplete"),
    )
    place.act("svetlana", Permission.JOURNAL_APPROVE, sent_back)


def _long_route(place: _Place) -> None:
    """Disposals of a lyceum are checked and signed twice, by consent: one act waits for each of the three."""
    _ask_for(place, "svetlana", *Step)
    taken = (
        ("raushan", Permission.JOURNAL_APPROVE, Step.CHECK),
        ("zhanar", Permission.DOCUMENT_SIGN, Step.FIRST_SIGNATURE),
    )
    for steps, (what, cost_tiyn, worn_tiyn) in enumerate(
        (
            ("printer", 38_500_000, 32_100_000),
            ("furniture", 27_300_000, 27_300_000),
            ("projectors", 91_600_000, 91_600_000),
        )
    ):
        act = place.write_off(what, 61 + steps, "2370" if what == "furniture" else "2360", cost_tiyn, worn_tiyn)
        found = place.act(
            "madina", Permission.JOURNAL_POST, partial(approvals.prepare, organisation_id=place.id, command=act)
        )
        for version in range(found.version, steps + 1):
            login, permission, step = taken[version - 1]
            take = partial(
                approvals.take_step, organisation_id=place.id, prepared_id=found.id, version=version, step=step
            )
            place.act(login, permission, take)


def _one_accountant(place: _Place) -> None:
    """An akim's office with one accountant: the district's lets her approve for half a year, which stays on record."""
    _ask_for(place, "zarina", Step.SECOND_SIGNATURE)
    day, reason, oksana = today(), place.say("one_accountant"), place.person("oksana").user.id

    def allow(u: UnitOfWork) -> None:
        if not approvals.exceptions(u, place.id):
            said = AllowException(user_id=oksana, since=day, until=day + _EXCEPTION, reason=reason)
            approvals.allow_exception(u, place.id, said)

    place.act("zarina", Permission.JOURNAL_APPROVE, allow)
    act = place.write_off("furniture", 17, "2370", 11_250_000, 11_250_000)
    found = place.act("oksana", Permission.JOURNAL_POST, lambda u: approvals.prepare(u, place.id, act))
    place.act("oksana", Permission.JOURNAL_APPROVE, lambda u: approvals.approve(u, place.id, found.id, 1))


def _ask_for(place: _Place, chief: str, *steps: Step) -> None:
    asked = tuple(StepAsked(step=step) for step in steps)

    def require(u: UnitOfWork) -> None:
        if not approvals.duties(u, place.id):
            approvals.require_approval(u, place.id, RequireApproval(journal=_DISPOSALS, since=today(), steps=asked))

    place.act(chief, Permission.JOURNAL_APPROVE, require)


# ------------------------------------------------------------------------------------------------ a talk, a leave


def _reconciliation(place: _Place) -> None:
    """An accountant and her chief talk over a heating bill, with the supplier's act of reconciliation beside it."""
    wanted = EntryFilter(journal="MO-06", text=place.say("heat"))
    reading, posting = Permission.JOURNAL_READ, Permission.JOURNAL_POST
    bill = place.act("dinara", reading, lambda u: journal.entries(u, place.id, wanted, limit=1)).rows[0]
    subject, name = f"entry:{place.id}/{bill.fiscal_year}/{bill.id}", f"{bill.journal_code} № {bill.number}"
    act = files.check(place.say("act_file"), _act(place, bill), limit=files.MEBIBYTE)
    place.act("dinara", posting, lambda u: attachments.attach(u, place.id, subject, act))
    for login, key in (("dinara", "talk_question"), ("erlan", "talk_answer")):
        said = partial(
            comments.say,
            organisation_id=place.id,
            subject=subject,
            what=name,
            said=place.say(key),
            key=uuid5(_KEYS, f"{place.institution.code}/{key}"),
        )
        place.act(login, Permission.JOURNAL_COMMENT, said)


def _act(place: _Place, bill: EntryRow) -> bytes:
    """The supplier's act of reconciliation as a table."""
    table = io.StringIO()
    rows = csv.writer(table, delimiter=";", lineterminator="\r\n")
    rows.writerow(place.say("act_columns").split("|"))
    rows.writerow((f"{bill.effective_on:%d.%m.%Y}", bill.document_number, decimal_string(bill.amount_tiyn), "0.00"))
    return table.getvalue().encode("utf-8-sig")


def _on_leave(place: _Place) -> None:
    """The administrator lends a chief accountant's role to that of the other district for two weeks."""
    day, lender = today(), place.person("bakyt").user.id

    def lend(u: UnitOfWork) -> None:
        if not people.person(u, lender, day).delegations:
            people.delegate(u, lender, "oksana", Role.CHIEF_ACCOUNTANT, place.id, day, day + _LEAVE, day)

    uow.run(place.engine, policy.authorise(place.person("bolat"), Permission.USERS_MANAGE), lend)
