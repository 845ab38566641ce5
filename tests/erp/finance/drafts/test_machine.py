"""Two windows on one draft save, throw away, take back and post in any order, and send again what got no answer.

What a window has typed and nobody has taken is never lost: a save is either kept or refused.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from erp.base.uow import Receipt
from erp.finance.drafts.model import Draft, DraftState, Sheet
from erp.finance.drafts.rules import DraftChanged, DraftDiscarded, DraftSent
from tests.erp.finance.drafts.conftest import Desk, a_row, a_sheet

WINDOWS = ("one", "other")
windows = st.sampled_from(WINDOWS)
REFUSALS = (DraftChanged, DraftDiscarded, DraftSent)


class TwoWindows(RuleBasedStateMachine):
    desk: Desk

    def __init__(self) -> None:
        super().__init__()
        self.begun = self.desk.begin(a_sheet(memo="As begun"))
        self.seen: dict[str, int] = dict.fromkeys(WINDOWS, self.begun.version)
        self.typed: dict[str, Sheet] = dict.fromkeys(WINDOWS, self.begun.sheet)
        self.kept, self.version, self.state = self.begun.sheet, self.begun.version, DraftState.OPEN
        self.entries: set[int] = set()

    @rule(who=windows, amount=st.integers(1, 9))
    def types(self, who: str, amount: int) -> None:
        self.typed[who] = a_sheet(a_row(str(amount)), memo=f"{who} {amount}")

    @rule(who=windows, twice=st.booleans())
    def saves(self, who: str, twice: bool) -> None:
        for _ in range(1 + twice):
            before = self.version
            done = self._tried(lambda: self.desk.save(self.begun.id, self.seen[who], self.typed[who]))
            if done is None:
                may = self.state is DraftState.OPEN and self.seen[who] == before
                assert not may
                return
            if done.version != before:
                self.kept, self.version = self.typed[who], done.version
            assert done.sheet == self.typed[who]
        self.seen[who] = done.version  # the answer of the last try arrived

    @rule(who=windows)
    def looks(self, who: str) -> None:
        found = self.desk.look(self.begun.id)
        self.seen[who], self.typed[who] = found.version, found.sheet

    @rule(who=windows)
    def throws_away(self, who: str) -> None:
        done = self._tried(lambda: self.desk.discard(self.begun.id, self.seen[who]))
        if done is not None:
            self.state, self.version = DraftState.DISCARDED, done.version
            self.seen[who] = done.version

    @rule(who=windows)
    def takes_back(self, who: str) -> None:
        done = self._tried(lambda: self.desk.restore(self.begun.id, self.seen[who]))
        if done is not None:
            self.state, self.version = DraftState.OPEN, done.version
            self.seen[who] = done.version

    @rule(who=windows)
    def posts(self, who: str) -> None:
        sent = self._tried(lambda: self.desk.post(self.begun.id, self.seen[who]))
        if sent is not None:
            assert isinstance(sent, Receipt)
            assert sent().is_new == (self.state is DraftState.OPEN)
            assert self.state is DraftState.POSTED or self.seen[who] == self.version
            self.state = DraftState.POSTED
            self.entries.add(sent().entry_id)

    def _tried(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except REFUSALS as refusal:
            if isinstance(refusal, DraftSent):
                assert self.state is DraftState.POSTED
            if isinstance(refusal, DraftDiscarded):
                assert self.state is DraftState.DISCARDED
            return None

    @invariant()
    def what_was_kept_last_is_there(self) -> None:
        found: Draft = self.desk.look(self.begun.id)
        assert (found.sheet, found.version, found.state) == (self.kept, self.version, self.state)
        assert len(self.entries) <= 1


@pytest.mark.usefixtures("shared_database")
def test_two_windows_lose_nothing_and_post_once(new_desk: Callable[[], Desk]) -> None:
    class Machine(TwoWindows):
        desk = new_desk()

    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=20, stateful_step_count=25, suppress_health_check=list(HealthCheck)),
    )
