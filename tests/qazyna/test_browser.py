"""The browser of the tests: found or brought, or its absence said plainly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qazyna import browser as subject

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "find_browser", lambda: None)
    monkeypatch.setattr(subject, "bring_browser", lambda: None)


@pytest.mark.usefixtures("no_browser")
def test_without_a_browser_the_tests_go_on_and_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert subject.main() == 0
    assert "the browser tests will be skipped" in capsys.readouterr().err


@pytest.mark.usefixtures("no_browser")
def test_continuous_integration_refuses_to_skip(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    assert subject.main() == 1
    assert "the browser tests cannot run" in capsys.readouterr().err


def test_a_page_is_shown(page: Page) -> None:
    page.set_content("<h1>Қазына</h1>")
    assert page.get_by_role("heading").inner_text() == "Қазына"
