"""What a vault seals opens with its keys alone, and only where it was sealed for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.base.vault import SecretUnreadable, Vault, key_of, new_key, written

KEY, OLDER = new_key(), new_key()


@given(st.text(), st.text())
def test_what_is_sealed_opens_again(plain: str, about: str) -> None:
    vault = Vault([KEY])
    assert vault.open(vault.seal(plain, about=about), about=about) == plain


@given(st.text(), st.integers(min_value=0), st.integers(1, 255))
def test_no_bit_of_it_can_be_changed(plain: str, place: int, difference: int) -> None:
    sealed = bytearray(Vault([KEY]).seal(plain, about="user:1"))
    sealed[place % len(sealed)] ^= difference
    with pytest.raises(SecretUnreadable):
        Vault([KEY]).open(bytes(sealed), about="user:1")


def test_it_does_not_open_in_another_row_or_with_another_key() -> None:
    sealed = Vault([KEY]).seal("secret", about="user:1")
    for vault, about in ((Vault([KEY]), "user:2"), (Vault([OLDER]), "user:1"), (Vault.fresh(), "user:1")):
        with pytest.raises(SecretUnreadable):
            vault.open(sealed, about=about)


def test_a_cut_off_secret_is_unreadable() -> None:
    with pytest.raises(SecretUnreadable):
        Vault([KEY]).open(b"short", about="user:1")


def test_a_new_key_seals_and_the_one_before_still_opens() -> None:
    sealed = Vault([OLDER]).seal("secret", about="user:1")
    assert Vault([KEY, OLDER]).open(sealed, about="user:1") == "secret"
    with pytest.raises(SecretUnreadable):
        Vault([OLDER]).open(Vault([KEY, OLDER]).seal("secret", about="user:1"), about="user:1")


def test_a_key_is_written_as_a_line_and_read_back() -> None:
    assert key_of(written(KEY) + "\n") == KEY
    for line in ("", "short", "не ключ", written(KEY)[:-8]):
        with pytest.raises(ValueError, match=r".*"):
            key_of(line)
