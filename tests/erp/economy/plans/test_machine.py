"""Any sequence of branches, edits, undone edits, freezing, putting away and bringing back, against a plain model.

The model copies whole dictionaries, so whatever becomes of one version moves no figure of another.
"""

from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from erp.economy.plans import rules, service
from tests.factories.plans import Planning, a_leaf

YEARS = (2026, 2027)
LEAVES = 3
Content = dict[tuple[int, int], int]
changes = st.dictionaries(
    st.tuples(st.integers(0, LEAVES - 1), st.sampled_from(YEARS)),
    st.none() | st.integers(-3, 3),
    min_size=1,
    max_size=4,
)


class Told:
    """A version as the model has it: what it held after each edit, which cells that touched, and whose it was.

    On each cell edits lie one upon another: typing lays one more, undoing takes it off, redoing lays it back.  An edit
    is undone where every cell of it is covered as it was left.
    """

    def __init__(self, content: Content, parent: int | None = None) -> None:
        self.held = [content]
        self.touched: list[set[tuple[int, int]]] = [set()]
        self.piles: list[dict[tuple[int, int], tuple[int, ...]]] = [{}]
        self.last = {0: 0}
        """By edit, the last of it and all that undid or redid it."""
        self.undone: set[int] = set()
        self.parent = parent
        self.is_frozen = self.is_away = False

    def typed(self, after: Content, cells: set[tuple[int, int]]) -> None:
        no, pile = len(self.held), self.piles[-1]
        self.held.append(after)
        self.touched.append(cells)
        self.piles.append(pile | {cell: (*pile.get(cell, ()), no) for cell in cells})
        self.last[no] = no

    def refusal(self, no: int) -> type[rules.EditUndone | rules.CellsChangedSince] | None:
        """Why an edit is not undone."""
        left, now = self.piles[no], self.piles[-1]
        is_covered = any(left.get(cell, ()) != now.get(cell, ()) for cell in self.touched[no])
        return rules.EditUndone if no in self.undone else rules.CellsChangedSince if is_covered else None

    def undo(self, no: int) -> None:
        held, pile, cells = dict(self.held[-1]), dict(self.piles[-1]), self.touched[no]
        for cell in cells:
            pile[cell] = self.piles[no - 1].get(cell, ())
            held.pop(cell, None)
            if cell in self.held[no - 1]:
                held[cell] = self.held[no - 1][cell]
        edit = next(edit for edit, last in self.last.items() if last == no)
        self.last[edit] = len(self.held)
        self.undone.add(no)
        self.held.append(held)
        self.touched.append(cells)
        self.piles.append(pile)

    @property
    def closed(self) -> type[rules.VersionFrozen | rules.VersionPutAway] | None:
        """Why nothing of it changes."""
        return rules.VersionFrozen if self.is_frozen else rules.VersionPutAway if self.is_away else None


def test_versions_hold_what_a_plain_model_says(oblast: Planning) -> None:
    organisations = [oblast.oblast.at(name) for name in ("school", "lyceum", "village")]

    class Machine(RuleBasedStateMachine):
        versions = Bundle("versions")

        @initialize(target=versions)
        def begin(self) -> object:
            self.plan = oblast.begin(
                [a_leaf(budget=oblast.at, organisation=each) for each in organisations], years=YEARS
            )
            self.told = {self.plan.base_id: Told({})}
            return self.plan.base_id

        @rule(target=versions, parent=versions)
        def branch(self, parent: int) -> object:
            if len(self.told) >= 5:
                return multiple()
            if self.told[parent].is_away:
                with pytest.raises(rules.VersionPutAway):
                    self.plan.branch(parent)
                return multiple()
            made = self.plan.branch(parent).id
            self.told[made] = Told(dict(self.told[parent].held[-1]), parent)
            return made

        @rule(version=versions, said=changes)
        def edit(self, version: int, said: dict[tuple[int, int], int | None]) -> None:
            told = self.told[version]
            now = told.held[-1]
            effective = {cell: tiyn for cell, tiyn in said.items() if now.get(cell) != tiyn}
            asked = [(leaf, year, tiyn) for (leaf, year), tiyn in said.items()]
            if told.closed or not effective:
                with pytest.raises(told.closed or rules.NothingChanges):
                    self.plan.edit(asked, version)
                return
            assert self.plan.edit(asked, version).cells == len(effective)
            after = {cell: tiyn for cell, tiyn in (now | effective).items() if tiyn is not None}
            told.typed(after, set(effective))

        @rule(version=versions, data=st.data())
        def undo(self, version: int, data: st.DataObject) -> None:
            told = self.told[version]
            if len(told.held) == 1:
                return
            no = data.draw(st.integers(1, len(told.held) - 1))
            if refusal := told.closed or told.refusal(no):
                with pytest.raises(refusal):
                    self.plan.undo(no, version)
                return
            self.plan.undo(no, version)
            told.undo(no)

        @rule(version=versions)
        def undo_all(self, version: int) -> None:
            """From the last to the first nothing is in the way, and what is left is the parent."""
            told = self.told[version]
            if told.closed:
                return
            standing = {edit for pile in told.piles[-1].values() for edit in pile}
            for edit in sorted(standing, reverse=True):
                self.plan.undo(no := told.last[edit], version)
                told.undo(no)
            assert told.held[-1] == told.held[0]

        @precondition(lambda self: len(self.told) > 1)
        @rule(version=versions)
        def freeze(self, version: int) -> None:
            if self.told[version].is_away:
                with pytest.raises(rules.VersionPutAway):
                    self.plan.freeze(version)
                return
            self.plan.freeze(version)
            self.told[version].is_frozen = True

        @rule(version=versions)
        def put_away(self, version: int) -> None:
            told = self.told[version]
            stood_upon = any(each.parent == version and not each.is_away for each in self.told.values())
            refusal = (
                rules.FrozenStays if told.is_frozen
                else rules.BaseStays if told.parent is None
                else rules.VersionStoodUpon if stood_upon
                else None
            )  # fmt: skip
            if refusal:
                with pytest.raises(refusal):
                    self.plan.put_away(version)
                return
            self.plan.put_away(version)
            told.is_away = True

        @rule(version=versions)
        def bring_back(self, version: int) -> None:
            told = self.told[version]
            if told.is_away and told.parent is not None and self.told[told.parent].is_away:
                with pytest.raises(rules.VersionPutAway):
                    self.plan.bring_back(version)
                return
            self.plan.bring_back(version)
            told.is_away = False

        @rule(version=versions, data=st.data())
        def look(self, version: int, data: st.DataObject) -> None:
            told = self.told[version]
            assert self.plan.holds(version) == told.held[-1]
            edits = data.draw(st.integers(0, len(told.held) - 1))
            assert self.plan.holds(version, edits) == told.held[edits], "as it was after fewer edits"

        def teardown(self) -> None:
            if hasattr(self, "told"):
                assert self.plan.in_use() == [version for version, told in self.told.items() if not told.is_away]
            for version, told in getattr(self, "told", {}).items():
                assert self.plan.holds(version) == told.held[-1]
                found = self.plan.version(version)
                assert (found.edits, found.is_frozen) == (len(told.held) - 1, told.is_frozen)
                assert found.is_put_away == told.is_away
                if told.is_frozen:
                    assert self.plan.read(partial(service.hash_of, of=found)) == found.content_hash

    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=12, stateful_step_count=16, derandomize=True, database=None),
    )
