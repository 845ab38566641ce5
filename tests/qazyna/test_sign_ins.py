"""The table of sign-ins says what each person is."""

import pytest

from erp.reference.access.model import Role
from qazyna.demonstration.people import PEOPLE, Person


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.login)
def test_a_chief_accountant_is_called_one_and_nobody_else_is(person: Person) -> None:
    roles = {role for role, _ in person.grants}
    assert ("chief accountant" in person.who) == (Role.CHIEF_ACCOUNTANT in roles)
    assert ("accountant" in person.who.replace("chief accountant", "")) == (Role.ACCOUNTANT in roles)
