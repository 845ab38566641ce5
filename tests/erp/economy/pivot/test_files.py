"""A file of figures: every row kept, faults at their cells, nothing saved before it is accepted."""

from collections.abc import Callable
from csv import DictReader
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest

from erp.base import uow
from erp.base.clock import today
from erp.base.i18n import Language
from erp.base.sheets.heads import fold
from erp.base.sheets.model import Row, RowKind, Sheet, Table, kind_of
from erp.base.uow import UnitOfWork
from erp.economy.pivot import rules, service
from erp.economy.pivot.files import HEADINGS, HEADS, Checked, HeadsMissing, PlanColumnTwice, TotalOrLine
from erp.economy.pivot.model import Intake, Mended
from erp.economy.plans import queries
from erp.economy.plans import service as plans
from erp.economy.plans.model import CellChange, Cells, LeafKey, Section, VersionKind
from erp.economy.plans.registers import CodeUnknown
from erp.economy.plans.rules import VersionFrozen, VersionMoved
from erp.reference import packages
from erp.reference.organisations import queries as bodies
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import OrganisationDraft, OrganisationKind
from ledger.model import Actor
from tests.erp.economy.pivot.conftest import Planned
from tests.factories.oblast import SINCE, a_bin
from web.i18n import speech

T = TypeVar("T")


def run(planned: Planned, command: Callable[[UnitOfWork], T]) -> T:
    return uow.run(planned.oblast.engine, planned.scope, command)


def bring(planned: Planned, text: str) -> Intake:
    table = service.read(text, "figures.csv")
    at = planned.at, planned.plan, planned.version
    return run(planned, lambda u: service.bring(u, *at, table, key=uuid4()))


def check(planned: Planned, found: Intake) -> Checked:
    return run(planned, lambda u: service.check(u, found)[1])


def accept(planned: Planned, found: Intake, edits: int = 1) -> None:
    def command(u: UnitOfWork) -> None:
        at = found.organisation_id, found.id, found.revision
        service.accept(u, *at, "From a file", expected_edits=edits)

    run(planned, command)


def cells(planned: Planned) -> Cells:
    return run(planned, lambda u: plans.cells(u, planned.at, planned.plan, planned.version))


def bin_of(planned: Planned, place: str) -> str:
    at = planned.oblast.at(place)
    return run(planned, lambda u: organisations.by_ids(u, [at], today())[at].code)


def test_rows_name_lines_by_their_codes_and_a_dash_takes_away(planned: Planned) -> None:
    lyceum = bin_of(planned, "lyceum")
    found = bring(
        planned,
        "Section;Organisation (BIN);Programme;Specific or revenue code;2026;2027\n"
        f"II. Expenditure;{lyceum};464.003;149;;500,00\n"
        f"II. Шығындар;{lyceum};464.003;152;-;\n",
    )
    said = check(planned, found)
    assert (said.good, len(said.changes), said.faulty) == (2, 2, frozenset())
    accept(planned, found)
    after = cells(planned)
    assert after.get(planned.leaves["lyceum paper"], 2027) == 50_000
    assert after.get(planned.leaves["lyceum paper"], 2026) == 9_000
    assert after.get(planned.leaves["lyceum power"], 2026) is None


def test_a_file_without_some_columns_holds_totals(planned: Planned) -> None:
    found = bring(planned, "Specific;2026;2027\n149;105,00;\n152;;7\n")
    accept(planned, found)
    after = cells(planned)
    shares = [after.get(planned.leaves[name], 2026) for name in ("lyceum paper", "school paper", "roads paper")]
    assert shares == [9_000, 1_000, 500]
    assert after.get(planned.leaves["lyceum power"], 2027) == 700


def test_a_year_of_two_columns_is_no_figure(planned: Planned) -> None:
    for heads in ("Specific;2027;2027", "Specific;Специфика;2027"):
        said = check(planned, bring(planned, f"{heads}\n149;149;6\n"))
        assert isinstance(said.fault, PlanColumnTwice)
        assert not said.changes


def test_of_a_workbook_one_sheet_is_read_and_any_may_be_chosen(planned: Planned) -> None:
    cover = Sheet("Титул", (Row(1, ("Бюджет на 2027 год",)),))
    revenue, spending = (
        Sheet(name, (Row(1, heads), Row(2, figures)))
        for name, heads, figures in (
            ("Доходы", ("Section", "Specific", "2027"), ("revenue", "101201", "5")),
            ("Расходы", ("Section", "Programme", "Specific", "2027"), ("expenditure", "458.012", "149", "7")),
        )
    )
    table, key = Table("budget.xlsx", (cover, revenue, spending)), uuid4()
    at = planned.at, planned.plan, planned.version
    found = run(planned, lambda u: service.bring(u, *at, table, key=key))
    assert [each.name for each in found.sheets] == ["Титул", "Доходы", "Расходы"], "nothing is lost"
    assert (found.sheet, check(planned, found).good) == (2, 1), "whose heads tell the most"
    other = run(planned, lambda u: service.mend(u, planned.at, found.id, found.revision, Mended(), 1))
    assert run(planned, lambda u: service.bring(u, *at, table, key=key)) == other
    with pytest.raises(rules.SheetUnknown):
        run(planned, lambda u: service.mend(u, planned.at, found.id, other.revision, Mended(), 3))
    accept(planned, other)
    assert cells(planned).get(planned.leaves["tax"], 2027) == 500
    assert cells(planned).get(planned.leaves["roads paper"], 2027) == 700


def test_no_name_of_a_classification_makes_its_row_a_total() -> None:
    shipped = Path(packages.__file__).parent / "kz"
    names = [
        row[column]
        for file in shipped.glob("classification_*/*.csv")
        for row in DictReader(file.read_text("utf-8-sig").splitlines())
        for column in ("name_kk", "name_ru", "name_en")
    ]
    assert len(names) > 1000
    assert [name for name in names if kind_of((name, "100")) is not RowKind.CELLS and name] == []


def test_a_row_of_no_line_adds_it(planned: Planned) -> None:
    village, oblast = bin_of(planned, "village"), bin_of(planned, "oblast")
    head = "Section;Budget (BIN);Organisation (BIN);Programme;Specific;Source of funds;Region (BIN);2027\n"
    found = bring(planned, f"{head}expenditure;{oblast};{village};464.003;111;;;12,34\n")
    assert [key.economic for key in check(planned, found).added] == ["111"]
    before = cells(planned)
    accept(planned, found)
    after = cells(planned)
    (new,) = set(after.leaves.tolist()) - set(before.leaves.tolist())
    assert after.get(new, 2027) == 1_234


def test_a_file_and_a_program_take_the_same_lines(planned: Planned) -> None:
    """A line that the plan has, be it another version's and its code gone since; no new one of that code."""
    gone = LeafKey(Section.EXPENDITURE, planned.at, planned.oblast.at("lyceum"), "464.003", "998", "", "")
    new = gone._replace(organisation_id=planned.oblast.at("school"))

    def trial(u: UnitOfWork) -> int:
        at = planned.at, planned.plan
        made = plans.branch(u, *at, planned.version, kind=VersionKind.SANDBOX, name="Trial", reason="", key=uuid4())
        (leaf,) = queries.intern(u.connection, u.scope, *at, [gone])
        plans.edit(u, *at, made.id, [CellChange(leaf, 2027, 77)], "What if", expected_edits=0, key=uuid4())
        return leaf

    def interned(key: LeafKey) -> list[int]:
        return run(planned, lambda u: plans.intern(u, planned.at, planned.plan, [key]).tolist())

    head = "Section;Budget (BIN);Organisation (BIN);Programme;Specific;2027\n"
    oblast = bin_of(planned, "oblast")
    theirs = f"{head}expenditure;{oblast};{bin_of(planned, 'lyceum')};464.003;998;5\n"
    assert check(planned, bring(planned, theirs)).faulty == {2}, "nobody has it yet"
    leaf = run(planned, trial)
    assert interned(gone) == [leaf]
    accept(planned, bring(planned, theirs))
    assert cells(planned).get(leaf, 2027) == 500
    said = check(planned, bring(planned, theirs.replace(bin_of(planned, "lyceum"), bin_of(planned, "school"))))
    with pytest.raises(CodeUnknown) as refused:
        interned(new)
    assert [line.faults[4].args for line in said.lines if line.faults] == [refused.value.args]


def test_a_body_that_is_closed_has_its_figures_of_before(planned: Planned) -> None:
    code = a_bin(900)

    def register(u: UnitOfWork) -> int:
        names = ("kk", "ru", "Closed school")
        draft = OrganisationDraft(code, OrganisationKind.INSTITUTION, *names, bin_of(planned, "education"), since=SINCE)
        organisations.register_organisations(u, [draft])
        made = organisations.find_by_code(u, code)
        assert made is not None
        bodies.update_life(u.connection, u.scope, made.id, date(2026, 6, 1))
        return made.id

    closed = planned.oblast.by_program(register)
    head = "Section;Budget (BIN);Organisation (BIN);Programme;Specific;2026\n"
    found = bring(planned, f"{head}expenditure;{bin_of(planned, 'oblast')};{code};464.003;149;5\n")
    (key,) = check(planned, found).added
    assert key.organisation_id == closed
    accept(planned, found)
    (leaf,) = run(planned, lambda u: plans.intern(u, planned.at, planned.plan, [key]).tolist())
    assert cells(planned).get(leaf, 2026) == 500


def test_the_same_file_sent_again_is_what_it_was_whatever_became_of_its_version(planned: Planned) -> None:
    at, key = (planned.at, planned.plan, planned.version), uuid4()
    table = service.read("Specific;2027\n152;9\n", "figures.csv")
    first = run(planned, lambda u: service.bring(u, *at, table, key=key))
    head = replace(planned.scope, actor=Actor(planned.oblast.users["root"], "test"))
    uow.run(planned.oblast.engine, head, lambda u: plans.freeze(u, *at, expected_edits=1))
    assert run(planned, lambda u: service.bring(u, *at, table, key=key)) == first
    with pytest.raises(VersionFrozen):
        run(planned, lambda u: service.bring(u, *at, table, key=uuid4()))


def test_every_fault_stands_at_its_cell_and_the_good_rows_go_on(planned: Planned) -> None:
    lyceum = bin_of(planned, "lyceum")
    found = bring(
        planned,
        "Section;Organisation (BIN);Programme;Specific;2027\n"
        f"expenditure;{lyceum};464.003;149;600\n"
        f"expenditure;{lyceum};464.003;999;1\n"
        f"expenditure;{lyceum};464.003;152;many\n"
        f"expenditure;{lyceum};464.003;149;700\n"
        "Total;;;;1300\n",
    )
    said = check(planned, found)
    assert {line.number: (line.kind, sorted(line.faults)) for line in said.lines} == {
        1: ("head", []),
        2: ("line", []),
        3: ("line", [3]),
        4: ("line", [4]),
        5: ("line", [4]),
        6: ("total", []),
    }
    mended = run(
        planned,
        lambda u: service.mend(u, planned.at, found.id, found.revision, Mended({"E4": "8"}, frozenset({5}))),
    )
    assert check(planned, mended).faulty == frozenset({3})
    accept(planned, mended)
    after = cells(planned)
    assert after.get(planned.leaves["lyceum paper"], 2027) == 60_000
    assert after.get(planned.leaves["lyceum power"], 2027) == 800


def test_a_row_with_its_codes_is_a_line_whatever_its_name_begins_with(planned: Planned) -> None:
    rows = "Жалпы білім беру;464.003;149;1\nTotal care home;458.012;149;2\nИтого по 464;464.003;;3\nTotal;;;6\n"
    said = check(planned, bring(planned, f"Name;Programme;Specific;2027\n{rows}"))
    assert [line.kind for line in said.lines] == ["head", "line", "line", "line", "total"]
    assert (said.good, said.faulty) == (2, frozenset({4}))
    assert isinstance(said.lines[3].faults[-1], TotalOrLine), "some codes alone are told and not dropped"


def test_a_row_that_begins_like_a_total_is_a_line_where_other_lines_have_no_code_either(planned: Planned) -> None:
    rows = "Всего обучающихся, стипендии;464.003;149;;;100\nИтого;;;;;100\n1;2;3;4;5;6\n"
    said = check(planned, bring(planned, f"Name;Programme;Specific;Source;Region;2027\n{rows}"))
    assert [line.kind for line in said.lines] == ["head", "line", "total", "total"]
    assert (said.good, said.faulty) == (1, frozenset())
    assert said.changes


def test_a_row_that_is_refused_changes_nothing_of_it(planned: Planned) -> None:
    lyceum = bin_of(planned, "lyceum")
    cancel = {planned.leaves["lyceum paper"]: 100, planned.leaves["lyceum power"]: -100}
    changes = [CellChange(leaf, 2027, tiyn) for leaf, tiyn in cancel.items()]
    at = planned.at, planned.plan, planned.version
    run(planned, lambda u: plans.edit(u, *at, changes, "Cancels out", expected_edits=1, key=uuid4()))
    total = bring(planned, f"Section;Organisation (BIN);2026;2027\nexpenditure;{lyceum};50;60\n")
    said = check(planned, total)
    assert said.faulty == {2}
    assert said.good == 0
    assert said.changes == ()


def test_codes_stand_in_their_own_section(planned: Planned) -> None:
    oblast = bin_of(planned, "oblast")
    head = "Section;Budget (BIN);Organisation (BIN);Specific;2027\n"
    rows = f"expenditure;{oblast};{oblast};101201;5\nrevenue;{oblast};{oblast};111;5\n"
    said = check(planned, bring(planned, head + rows))
    assert {line.number: sorted(line.faults) for line in said.lines if line.faults} == {2: [3], 3: [3]}
    assert said.added == ()


def test_a_file_of_something_else_says_so(planned: Planned) -> None:
    assert isinstance(check(planned, bring(planned, "a;b\n1;2\n")).fault, HeadsMissing)


def test_a_file_is_not_accepted_twice_nor_over_what_nobody_saw(planned: Planned) -> None:
    found = bring(planned, "Specific;2027\n152;9\n")
    with pytest.raises(VersionMoved):
        accept(planned, found, edits=0)
    accept(planned, found)
    with pytest.raises(rules.IntakeAccepted):
        accept(planned, found)


def test_what_is_taken_out_comes_back_as_no_change(planned: Planned) -> None:
    lines = run(planned, lambda u: service.lines(u, planned.at, planned.plan, planned.version))
    codes = {at: lines.axes.organisations[at].code for at in lines.axes.organisations}
    rows = ["Section;Budget (BIN);Organisation (BIN);Programme;Specific;Source of funds;Region (BIN);2026;2027"]
    for place, leaf in enumerate(lines.cells.leaves.tolist()):
        key = lines.axes.table.key_at(int(lines.axes.table.positions(lines.cells.leaves)[place]))
        figures = [lines.cells.get(leaf, year) for year in lines.cells.years]
        said = ["" if each is None else f"{each / 100:.2f}" for each in figures]
        named = [key.section.value, codes[key.budget_id], codes[key.organisation_id], *key[3:], *said]
        rows.append(";".join(named))
    said_back = check(planned, bring(planned, "\n".join(rows)))
    assert (said_back.faulty, said_back.changes, said_back.added) == (frozenset(), (), ())


def test_a_file_is_read_back_under_the_heads_it_was_written_with() -> None:
    for language in Language:
        written = {name: fold(speech(language)(head)) for name, head in HEADS.items()}
        assert {name for name, head in written.items() if head not in map(fold, HEADINGS[name])} == set()
