import pytest

from erp.base.i18n import Language
from web import catalogue


@pytest.mark.parametrize("language", [Language.KK, Language.RU])
def test_every_sentence_is_translated(language: Language) -> None:
    assert catalogue.faults(language) == []


def test_messages_come_from_pages_code_and_refusals() -> None:
    found = catalogue.messages()
    assert "web/templates/journal/form.html" in found["Add line"]
    assert "web/i18n.py" in found["Counterparty"]
    assert "ledger/errors.py" in found["Account {account} needs: {dimensions}."]
    assert "Open months: {count}" in found, "a message with fields"


def test_a_placeholder_carries_no_ending_in_kazakh() -> None:
    glued = [e.id for e in catalogue.read(Language.KK) if e.id and _glued(str(e.string))]
    assert glued == []


def _glued(text: str) -> bool:
    """Whether a letter follows a placeholder at once, or after a hyphen but for ordinals."""
    return any(
        rest[:1].isalpha() or (rest[:1] == "-" and not rest.startswith("-жол"))
        for rest in (part.partition("}")[2] for part in text.split("{")[1:])
    )
