from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.base.errors import DomainError
from erp.base.scope import WHOLE_SYSTEM, Scope
from erp.reference.access.model import (
    ANYBODY,
    PERMISSION_NAMES,
    SYSTEM_WIDE,
    WHEREVER_HELD,
    Grant,
    Identity,
    Limits,
    Permission,
    Role,
    SessionKind,
    User,
)
from erp.reference.access.policy import ALLOWED, authorise, permissions, permissions_at, reach

HERE, LENDER = 7, 99
BOOKS = {p for p in Permission if p.startswith(("journal.", "period.", "year.", "books."))}

places = st.integers(1, 4)
grants = st.frozensets(st.builds(Grant, places, st.sampled_from(Role), st.none() | st.just(LENDER)), max_size=6)
limits = st.builds(Limits, st.frozensets(st.sampled_from(Permission)), st.none() | places)


def somebody(*grants: Grant, **facts: Any) -> Identity:
    return Identity(User(1, "a", "A", "kk"), frozenset(grants), "", facts.pop("kind", SessionKind.BROWSER), **facts)


def answer(identity: Identity, permission: Permission, organisation_id: int | None) -> Scope | str:
    try:
        return authorise(identity, permission, organisation_id)
    except DomainError as refusal:
        return refusal.code


def test_whatever_needs_a_role_has_a_name_by_which_tokens_are_made_and_shown() -> None:
    assert set(PERMISSION_NAMES) == set(Permission) - ANYBODY


@pytest.mark.parametrize("role", Role)
def test_who_has_but_signed_in_reads_where_a_role_lets_them(role: Role) -> None:
    scope = authorise(somebody(Grant(HERE, role)), Permission.SIGNED_IN)
    assert scope.reads == (frozenset({HERE}) if Permission.JOURNAL_READ in ALLOWED[role] else frozenset())
    assert scope.writes == frozenset()


@pytest.mark.parametrize("permission", sorted(set(Permission) - SYSTEM_WIDE))
def test_only_a_chief_accountant_s_postings_reach_restricted_months(permission: Permission) -> None:
    adjusting = set()
    for role in Role:
        identity = somebody(Grant(HERE, role), Grant(8, Role.CHIEF_ACCOUNTANT))
        if permission in ALLOWED[role] and authorise(identity, permission, HERE).adjusts:
            adjusting.add(role)
            assert authorise(identity, permission, HERE).adjusts == frozenset({HERE})
    posts = {
        Permission.JOURNAL_POST,
        Permission.JOURNAL_CORRECT,
        Permission.JOURNAL_IMPORT,
        Permission.JOURNAL_APPROVE,
        Permission.BOOKS_RECODE,
    }
    assert adjusting == ({Role.CHIEF_ACCOUNTANT} if permission in posts else set())


def test_a_chief_accountant_closes_years_and_an_accountant_does_not() -> None:
    assert {role for role in Role if Permission.YEAR_CLOSE in ALLOWED[role]} == {Role.CHIEF_ACCOUNTANT}


# ------------------------------------------------------------------------------------------------ administration


@pytest.mark.parametrize("permission", sorted(ALLOWED[Role.ADMINISTRATOR]))
def test_administration_reads_and_writes_no_books(permission: Permission) -> None:
    identity = somebody(Grant(HERE, Role.ADMINISTRATOR), summits=frozenset({HERE}))
    for organisation_id in (None, HERE):
        scope = answer(identity, permission, organisation_id)
        assert isinstance(scope, Scope)
        assert (scope.reads, scope.writes, scope.adjusts) == (frozenset(),) * 3


def test_administrators_hold_no_permission_of_books() -> None:
    assert ALLOWED[Role.ADMINISTRATOR] & BOOKS == frozenset()
    assert all(not ALLOWED[role] & {Permission.USERS_MANAGE} for role in set(Role) - {Role.ADMINISTRATOR})


def test_an_auditor_changes_nothing() -> None:
    reads = {Permission.JOURNAL_READ, Permission.PLAN_READ, Permission.STAFF_READ, Permission.AUDIT_READ}
    assert ALLOWED[Role.AUDITOR] == reads | {Permission.JOURNAL_COMMENT}
    assert all(not authorise(somebody(Grant(HERE, Role.AUDITOR)), p, HERE).writes for p in ALLOWED[Role.AUDITOR])


@pytest.mark.parametrize("permission", [Permission.PACKAGES_MANAGE, Permission.SYSTEM_AUDIT])
def test_the_law_s_data_and_the_trail_of_the_whole_are_for_the_top(permission: Permission) -> None:
    below = somebody(Grant(HERE, Role.ADMINISTRATOR))
    above = somebody(Grant(HERE, Role.ADMINISTRATOR), summits=frozenset({HERE}))
    assert isinstance(answer(above, permission, None), Scope)
    assert answer(below, permission, None) == "role-missing-everywhere"
    assert isinstance(answer(below, Permission.SYSTEM_READ, None), Scope)


def test_who_must_choose_a_password_does_nothing_else() -> None:
    identity = somebody(Grant(HERE, Role.ACCOUNTANT), must_change_password=True)
    for permission in set(Permission) - {Permission.PUBLIC, Permission.OWN_ACCOUNT}:
        assert answer(identity, permission, HERE) == "password-change-needed"
    assert isinstance(answer(identity, Permission.OWN_ACCOUNT, None), Scope)


# ------------------------------------------------------------------------------------------------ any identity


@given(grants=grants, limits=limits, organisation=st.none() | places, permission=st.sampled_from(Permission))
def test_a_token_never_does_more_than_its_user(
    grants: frozenset[Grant], limits: Limits, organisation: int | None, permission: Permission
) -> None:
    user = Identity(User(1, "a", "A", "kk"), grants, "", SessionKind.BROWSER, frozenset({1}))
    token = Identity(User(1, "a", "A", "kk"), grants, "", SessionKind.TOKEN, frozenset({1}), limits)
    by_token, by_user = answer(token, permission, organisation), answer(user, permission, organisation)
    if isinstance(by_token, Scope):
        assert isinstance(by_user, Scope)
        for part in ("reads", "writes", "adjusts", "audits", "administers"):
            assert getattr(by_token, part) <= getattr(by_user, part)
            if part in ("writes", "adjusts", "administers", "audits") and getattr(by_token, part):
                assert permission in limits.permissions
                assert limits.organisation_id in (None, *getattr(by_token, part))
    assert permissions(token) <= permissions(user) & limits.permissions
    assert permission is not Permission.OWN_ACCOUNT or by_token == "browser-needed"


@given(grants=grants, organisation=places, permission=st.sampled_from(Permission))
def test_a_scope_is_only_of_what_is_held_there(
    grants: frozenset[Grant], organisation: int, permission: Permission
) -> None:
    identity = Identity(User(1, "a", "A", "kk"), grants, "", SessionKind.BROWSER, frozenset({1}))
    scope = answer(identity, permission, organisation)
    if permission in ANYBODY | SYSTEM_WIDE or not isinstance(scope, Scope):
        return
    held = permissions_at(identity, organisation)
    assert permission in held
    of_all = {WHOLE_SYSTEM} if Permission.SYSTEM_AUDIT in permissions(identity) else set()
    assert scope.reads | scope.writes | scope.adjusts | scope.administers <= {organisation}
    assert scope.audits <= {organisation} | of_all
    assert not scope.reads or Permission.JOURNAL_READ in held
    own = any(
        g.organisation_id == organisation and not g.on_behalf_of and permission in ALLOWED[g.role] for g in grants
    )
    assert scope.on_behalf_of == (None if own else LENDER)
    assert scope.stands_for == ({1} if own else {1, LENDER})


def test_who_acts_for_one_of_several_lenders_is_taken_for_all_of_them() -> None:
    lent = frozenset(
        {Grant(7, Role.CHIEF_ACCOUNTANT, 3), Grant(7, Role.CHIEF_ACCOUNTANT, 5), Grant(7, Role.AUDITOR, 6)}
    )
    elsewhere = frozenset({Grant(8, Role.CHIEF_ACCOUNTANT, 9)})
    identity = Identity(User(1, "a", "A", "kk"), lent | elsewhere, "", SessionKind.BROWSER)
    scope = authorise(identity, Permission.JOURNAL_APPROVE, 7)
    assert (scope.on_behalf_of, scope.stands_for) == (3, {1, 3, 5, 6})


@given(grants=grants, permission=st.sampled_from(sorted(WHEREVER_HELD)))
def test_without_an_organisation_the_scope_is_all_where_it_is_held(
    grants: frozenset[Grant], permission: Permission
) -> None:
    identity = Identity(User(1, "a", "A", "kk"), grants, "", SessionKind.BROWSER)
    scope, where = answer(identity, permission, None), reach(identity, permission)
    assert scope == "role-missing-everywhere" if not where else isinstance(scope, Scope)
    if isinstance(scope, Scope):
        assert scope.audits | scope.administers == where
