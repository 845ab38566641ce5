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
