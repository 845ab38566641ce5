"""What a policy lays down: its form, its default, rounding, numbers, differences."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from erp.base.dates import DateInterval
from erp.finance.closing.rules import OF_THE_YEAR, STEPS
from erp.finance.journal.imports.rules import Books, left_out
from erp.finance.policy import rules
from erp.finance.policy.content import Content, JournalRule, Rounding

FRACTIONS = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=1000)


@given(FRACTIONS, st.sampled_from(["tiyn", "tenge"]), st.sampled_from(["half-up", "half-even", "down"]))
def test_an_amount_is_rounded_to_the_unit_and_alike_on_both_sides_of_zero(tiyn: Fraction, unit: str, mode: str) -> None:
    rounding = Rounding.model_validate({"unit": unit, "mode": mode})
    step, rounded = {"tiyn": 1, "tenge": 100}[unit], rounding.rounded(tiyn)
    assert rounded % step == 0
    assert abs(rounded - tiyn) < step if mode == "down" else abs(rounded - tiyn) * 2 <= step
    assert rounding.rounded(-tiyn) == -rounded
    assert abs(rounded) <= abs(tiyn) or mode != "down"


@pytest.mark.parametrize(
    ("mode", "expected"), [("half-up", (1, 2, 3, -3)), ("half-even", (0, 2, 2, -2)), ("down", (0, 1, 2, -2))]
)
def test_halves_go_by_the_mode(mode: str, expected: tuple[int, ...]) -> None:
    rounding = Rounding.model_validate({"mode": mode})
    assert tuple(rounding.rounded(Fraction(n, 2)) for n in (1, 3, 5, -5)) == expected


@given(st.integers(1, 10**12), st.integers(1, 9), st.integers(1991, 2199))
def test_a_number_is_never_cut_and_can_be_read_back(number: int, width: int, year: int) -> None:
    written = JournalRule(code="MO-06", prefix="6-", width=width, year="yyyy").written(number, year)
    middle, _, ending = written.removeprefix("6-").partition("/")
    assert (int(middle), int(ending), len(middle) >= width) == (number, year, True)


def test_the_default_is_whole_and_says_what_is_not_verified() -> None:
    default = rules.default()
    rules.check(default.content, {f"MO-{number:02d}" for number in range(1, 17)})
    assert {each.step for each in default.content.closing} | {each.step for each in OF_THE_YEAR} == set(STEPS)
    assert {each.code for each in default.thresholds} == {each.code for each in default.content.thresholds}
    assert {each.group for each in default.content.depreciation} == {each.code for each in default.groups}
    sourced = (*default.groups, *default.thresholds, *default.notes.values())
    assert all(each.source and each.confidence in ("verified", "high", "medium", "low") for each in sourced)
    assert not any(each.verified for each in sourced), "nothing of it was compared with the act"


@pytest.mark.parametrize(
    "wrong",
    [
        {"journals": []},
        {"journals": [{"code": "MO-01"}, {"code": "MO-01"}]},
        {"journals": [{"code": "MO-01", "steps": ["second-signature", "check"]}]},
        {"journals": [{"code": "MO-01", "steps": ["check"], "cms": ["second-signature"]}]},
        {"journals": [{"code": "MO-01", "width": 0}]},
        {"journals": [{"code": "MO-01"}], "surprise": 1},
    ],
)
def test_what_has_no_sense_is_no_content(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Content.model_validate(wrong)


def test_a_content_says_the_same_after_it_was_kept() -> None:
    content = rules.default().content
    assert rules.content_of(1, content.model_dump(mode="json")) == content


def test_differences_are_told_line_by_line_and_what_is_gone_only_once() -> None:
    default = rules.default().content
    assert rules.differences(default, default) == ()
    first, *others = default.journals
    changed = default.model_copy(
        update={
            "journals": (first.model_copy(update={"width": 4}), *others[1:]),
            "reports": "thousand",
            "closing": default.closing[:-1],
        }
    )
    told = [(each.section, each.item, each.field) for each in rules.differences(default, changed)]
    assert told == [
        ("journals", "MO-01", "width"),
        ("journals", "MO-02", "kept"),
        ("reports", "", "reports"),
        ("closing", "changes-explained", "kept"),
    ]


def test_a_file_knows_on_which_days_a_journal_is_left_out() -> None:
    """Imports refuse such rows one by one; the program's own journals are always kept."""
    first, second = DateInterval(date(2026, 1, 1), date(2027, 1, 1)), DateInterval(date(2027, 1, 1), None)
    journals = {"MO-01": 1, "MO-06": 6, "IMPORT": 18}
    found = left_out(journals, [(first, frozenset({"MO-01"})), (second, frozenset({"MO-01", "MO-06"}))])
    assert found == {6: [first]}
    books = Books({}, journals, {}, left_out=found)
    assert [books.keeps(6, day) for day in (date(2025, 12, 31), date(2026, 5, 5), date(2027, 1, 1))] == [
        True,
        False,
        True,
    ]
    assert books.keeps(18, date(2026, 5, 5))
