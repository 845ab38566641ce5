"""Whom a comment mentions, and what it may be."""

import pytest
from hypothesis import given
from hypothesis.strategies import text

from erp.reference.comments.rules import LONGEST, MOST_MENTIONS, CommentEmpty, CommentTooLong, mentions, tidied


@pytest.mark.parametrize(
    ("said", "logins"),
    [
        ("@office, look", ["office"]),
        ("Look, @aigul.s. And @AIGUL.S again", ["aigul.s"]),
        ("(@a) @b@c.kz", ["a", "b@c.kz"]),
        ("mail@example.kz, no@one, @, @@twice", []),
        ("@қазақша", []),
        (" ".join(f"@u{n}" for n in range(20)), [f"u{n}" for n in range(MOST_MENTIONS)]),
    ],
)
def test_logins_are_found(said: str, logins: list[str]) -> None:
    assert mentions(said) == logins


@given(text(max_size=200))
def test_any_text_is_kept_or_refused(said: str) -> None:
    try:
        kept = tidied(said)
    except CommentEmpty:
        return
    assert kept == kept.strip()
    assert "\0" not in kept
    assert tidied(kept) == kept


def test_the_longest_is_kept_and_no_longer() -> None:
    assert len(tidied("x" * LONGEST)) == LONGEST
    with pytest.raises(CommentTooLong):
        tidied("x" * (LONGEST + 1))
