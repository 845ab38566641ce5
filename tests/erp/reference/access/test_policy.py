import pytest

from erp.reference.access.model import Grant, Identity, Permission, Role, User
from erp.reference.access.policy import ALLOWED, authorise

HERE = 7


@pytest.mark.parametrize("role", Role)
def test_who_has_but_signed_in_reads_where_a_role_lets_them(role: Role) -> None:
    identity = Identity(User(1, "a", "A", "kk"), frozenset({Grant(HERE, role)}), "", "browser")
    scope = authorise(identity, Permission.SIGNED_IN)
    assert scope.reads == (frozenset({HERE}) if Permission.JOURNAL_READ in ALLOWED[role] else frozenset())
    assert scope.writes == frozenset()


@pytest.mark.parametrize("permission", Permission)
def test_only_a_chief_accountant_s_postings_reach_restricted_months(permission: Permission) -> None:
    adjusting = set()
    for role in Role:
        identity = Identity(
            User(1, "a", "A", "kk"), frozenset({Grant(HERE, role), Grant(8, Role.CHIEF_ACCOUNTANT)}), "", ""
        )
        if permission in ALLOWED[role] and authorise(identity, permission, HERE).adjusts:
            adjusting.add(role)
            assert authorise(identity, permission, HERE).adjusts == frozenset({HERE})
    posts = {Permission.JOURNAL_POST, Permission.JOURNAL_CORRECT, Permission.JOURNAL_IMPORT}
    assert adjusting == ({Role.CHIEF_ACCOUNTANT} if permission in posts else set())


def test_a_chief_accountant_closes_years_and_an_accountant_does_not() -> None:
    assert {role for role in Role if Permission.YEAR_CLOSE in ALLOWED[role]} == {Role.CHIEF_ACCOUNTANT}
