"""Signing in: the same answers to everybody who does not succeed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

import pytest
from sqlalchemy import Engine, text

from erp.base import uow
from erp.base.clock import LOCAL_TIME
from erp.base.db import make_engine
from erp.base.errors import NotPermitted
from erp.base.i18n import Language
from erp.base.scope import Scope, system_scope
from erp.base.vault import SecretUnreadable, Vault
from erp.reference.access import second_factor, service
from erp.reference.access.model import SessionKind
from ledger.model import Actor

DAY = date(2026, 3, 16)
PASSWORD = "correct-horse"
Attempt = Callable[..., str]


@pytest.fixture(scope="module")
def engine(shared_database: str) -> Iterator[Engine]:
    owner = make_engine(shared_database, role=None, pool=1)
    for login in ("known", "hasty", "crowd", "shared", "careful", "early"):
        uow.run(owner, system_scope(), lambda u, who=login: service.create_user(u, who, who, PASSWORD, Language.KK))  # type: ignore[misc]
    owner.dispose()
    engine = make_engine(shared_database, pool=4)
    yield engine
    engine.dispose()


@pytest.fixture
def attempt(engine: Engine) -> Attempt:
    """Sign in; the refusal's slug, or ``in``."""

    def sign_in(login: str, password: str, origin: str = "10.0.0.1") -> str:
        try:
            service.sign_in(engine, Scope(Actor(0, origin)), login, password, DAY)
        except NotPermitted as refusal:
            return refusal.code
        return "in"

    return sign_in


def test_repeated_failures_answer_alike_whether_or_not_there_is_such_a_user(attempt: Attempt) -> None:
    answers = {login: [attempt(login, "wrong") for _ in range(5)] for login in ("known", "unknown", "", "x" * 500)}
    assert answers["known"] == ["wrong-credentials"] * 3 + ["too-many-attempts"] * 2
    assert all(each == answers["known"] for each in answers.values())
    assert attempt("known", PASSWORD) == "too-many-attempts", "the right password waits too"


def test_who_tries_from_elsewhere_does_not_wait_for_the_others(attempt: Attempt) -> None:
    for _ in range(5):
        attempt("shared", "wrong", "10.0.0.2")
    assert attempt("shared", PASSWORD, "10.0.0.3") == "in"


def test_a_success_ends_the_count(attempt: Attempt) -> None:
    for _ in range(3):
        assert [attempt(" Hasty ", "wrong"), attempt("hasty", PASSWORD)] == ["wrong-credentials", "in"]


def test_many_at_once_do_not_outrun_the_count(attempt: Attempt) -> None:
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: attempt("crowd", "wrong"), range(8)))
    assert answers.count("wrong-credentials") == 3


def test_a_session_is_known_only_as_what_it_is(engine: Engine) -> None:
    opened = service.sign_in(engine, Scope(Actor(0, "10.0.0.9")), "known", PASSWORD, DAY)
    secret, user = opened.secret, opened.user
    token = uow.run(engine, system_scope(), lambda u: service.issue_token(u, "known", DAY))
    for mine, kind in ((secret, SessionKind.BROWSER), (token, SessionKind.TOKEN)):
        found = {k: uow.read(engine, system_scope(), lambda u: service.identify(u, mine, k, "", DAY))  # noqa: B023
                 for k in SessionKind}  # fmt: skip
        assert {k for k, identity in found.items() if identity and identity.user == user} == {kind}


def test_counts_long_over_are_forgotten(engine: Engine, attempt: Attempt) -> None:
    attempt("long-ago", "wrong")
    with engine.begin() as connection:
        connection.execute(text("UPDATE reference_sign_in_failure SET retry_at = retry_at - interval '2 days'"))
    assert attempt("hasty", PASSWORD) == "in"
    with engine.connect() as connection:
        left = connection.execute(text("SELECT count(*) FROM reference_sign_in_failure WHERE login = 'long-ago'"))
        assert left.scalar_one() == 0


def test_one_secret_has_one_count_wherever_its_codes_are_tried(engine: Engine) -> None:
    """Wrong codes at sign-in make the one that turns codes off wait too."""
    known = service.sign_in(engine, Scope(Actor(0, "10.0.1.1")), "known", PASSWORD, DAY).user
    own = Scope(Actor(known.id, "10.0.1.2"))
    vault = Vault.fresh()
    uow.run(engine, own, lambda u: second_factor.begin(u, vault))
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('qazyna.actor', '0', true)"))
        connection.execute(text("UPDATE reference_second_factor SET is_confirmed = true"))
    challenge = service.sign_in(engine, Scope(Actor(0, "10.0.1.1")), "known", PASSWORD, DAY).secret
    at = datetime(2026, 3, 16, 12, tzinfo=LOCAL_TIME)
    for _ in range(3):
        with pytest.raises(service.CodeRefused):
            service.answer_challenge(engine, Scope(Actor(0, "10.0.1.1")), vault, challenge, "wrong", at)
    with pytest.raises(service.TooManyAttempts):
        service.turn_off_codes(engine, own, vault, "wrong", at)


def test_the_database_does_not_know_the_secret_of_the_codes(engine: Engine) -> None:
    """Another key, or another person's row: only a recovery code is good."""
    known, vault = service.sign_in(engine, Scope(Actor(0, "10.0.1.3")), "careful", PASSWORD, DAY).user, Vault.fresh()
    own = Scope(Actor(known.id, "10.0.1.3"))
    secret = uow.run(engine, own, lambda u: second_factor.begin(u, vault))
    found = uow.read(engine, own, service.second_factor_of)
    assert found is not None
    assert secret.encode() not in found.sealed
    assert uow.read(engine, own, lambda u: second_factor.begun(u, vault)) == secret
    with pytest.raises(SecretUnreadable):
        uow.read(engine, own, lambda u: second_factor.begun(u, Vault.fresh()))


def test_secrets_from_before_there_was_a_key_are_sealed(engine: Engine) -> None:
    known, vault = service.sign_in(engine, Scope(Actor(0, "10.0.1.4")), "early", PASSWORD, DAY).user, Vault.fresh()
    own = Scope(Actor(known.id, "10.0.1.4"))
    uow.run(engine, own, lambda u: second_factor.begin(u, vault))
    owner = make_engine(engine.url.render_as_string(hide_password=False), role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE reference_second_factor SET sealed = NULL, secret = 'PLAIN' WHERE user_id = :id"),
            {"id": known.id},
        )
        second_factor.seal_what_is_plain(connection, system_scope(), vault)
    owner.dispose()
    with engine.begin() as connection:
        second_factor.seal_what_is_plain(connection, system_scope(), vault)  # the application may not, and needs not
    assert uow.read(engine, own, lambda u: second_factor.begun(u, vault)) == "PLAIN"


@pytest.mark.parametrize("typed", ["", " \n", "\u200b\u200b", "x" * 201])
def test_a_name_that_nobody_sees_is_none(typed: str) -> None:
    with pytest.raises(service.NameNotGiven):
        service.given_name(typed)


def test_a_name_stands_on_one_line_and_turns_nothing_round() -> None:
    assert service.given_name(" Дина\u2028\u202e Оспанова\x07 ") == "Дина Оспанова"
