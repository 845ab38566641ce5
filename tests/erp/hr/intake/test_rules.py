"""Lists as files have them: heads in three languages, names, days, numbers; nothing of them needs a database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from erp.base.dates import DateInterval
from erp.base.i18n import Language
from erp.base.sheets.heads import fold
from erp.base.sheets.model import Mended, Table
from erp.hr.intake import fields, reading, rules, service
from erp.hr.intake.model import (
    Checked,
    Held,
    Intake,
    Known,
    LineKind,
    Note,
    Numbered,
    PostDays,
    Record,
    Settings,
    UnitDays,
    Whom,
)
from erp.hr.personnel.model import Claimed, Name, ScheduleKind
from erp.hr.personnel.rules import IdentityInvalid
from erp.hr.staffing.model import StaffGroup
from tests.factories.staff import an_identity
from web.hr.acts import GROUPS
from web.hr.file_acts import SCHEDULES
from web.hr.intake import LABELS
from web.i18n import speech

ALWAYS = DateInterval(date(2000, 1, 1), None)
UNITS = (
    UnitDays(1, ALWAYS, ("Школа", "Мектеп", "School"), None),
    UnitDays(2, ALWAYS, ("Бухгалтерия", "Бухгалтерия", "Accounts"), 1),
)
POSTS = (PostDays(7, ALWAYS, 2, ("Бухгалтер", "Есепші", "Accountant"), "", 150),)
RECORD = Record(UNITS, POSTS)
CREATES = Settings(creates_units=True, creates_posts=True)


def a_list(text: str, **settings: Any) -> Intake:
    table: Table = service.read(text, "list.csv")
    rows = tuple((row.number, row.texts) for row in table.sheets[0].rows)
    now = datetime.now(UTC)
    return Intake(1, 1, uuid4(), "list.csv", rows, Mended(), Settings(**settings), 1, now, None, 0, 0, 0)


def look(text: str, record: Record = RECORD, **settings: Any) -> Checked:
    return reading.checked(a_list(text, **settings), record)


def faults(found: Checked) -> dict[int, dict[int, str]]:
    return {line.number: {at: fault.code for at, fault in line.faults.items()} for line in found.lines if line.faults}


@pytest.mark.parametrize(
    "heads",
    [
        "ФИО;Дата рождения;ИИН;Подразделение;Должность;Ставка;Дата приёма на работу;График работы;Таб. №",
        "Тегі, аты, әкесінің аты (бар болса);Туған күні;ЖСН;Құрылымдық бөлімше;Лауазымы;Ставка үлесі;"
        "Жұмысқа қабылданған күні;Жұмыс кестесі;Табельдік нөмірі",
        "Full name;Day of birth;IIN;Structural unit;Position;Share;First day;Work schedule;Personnel number",
    ],
)
def test_heads_are_known_in_three_languages(heads: str) -> None:
    identity = an_identity()
    found = look(f"{heads}\nАхметов Ерлан Серікұлы;19.07.1985;{identity};Accounts;есепші;0,5;01.09.2020;5/2;0417\n")
    assert not found.faulty
    ((row,), (_, said, whom, post, _)) = found.lines[1:], found.placed[0]
    assert (row.kind, whom, post) == (LineKind.PERSON, Whom(None, 2), 7)
    assert said.name == Name("Ахметов", "Ерлан", "Серікұлы")
    assert (said.birth_on, said.identity, said.percent, said.number) == (date(1985, 7, 19), identity, 50, "0417")
    assert (said.valid, said.schedule) == (DateInterval(date(2020, 9, 1), None), ScheduleKind.FIVE_DAY)


def test_what_the_program_calls_them_is_read_back() -> None:
    for language in Language:
        say = speech(language)
        written = {name: fold(say(head)) for name, head in LABELS.items()}
        assert {name for name, head in written.items() if head not in map(fold, fields.HEADINGS[name])} == set()
        assert {kind: fields.SCHEDULES.get(fold(say(name))) for kind, name in SCHEDULES.items()} == {
            kind: kind for kind in ScheduleKind
        }
        assert {group: fields.GROUPS.get(fold(say(name))) for group, name in GROUPS.items()} == {
            group: group for group in StaffGroup
        }


def test_no_head_means_two_things() -> None:
    meant = [fold(word) for words in fields.HEADINGS.values() for word in {fold(word) for word in words}]
    assert len(meant) == len(set(meant))


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("05.03.2020", date(2020, 3, 5)),
        ("5.3.20", date(2020, 3, 5)),
        ("2020-03-05", date(2020, 3, 5)),
        ("5 марта 2020 г.", date(2020, 3, 5)),
        ("2020 ж. 5 наурыз", date(2020, 3, 5)),
        ("05.03.2020 0:00:00", date(2020, 3, 5)),
    ],
)
def test_days_are_read_in_every_form_of_the_program(typed: str, day: date) -> None:
    found = look(f"ФИО;Подразделение;Должность;Дата приема\nАхметов Ерлан;Бухгалтерия;Бухгалтер;{typed}\n")
    assert found.placed[0].said.valid.start == day


def test_names_come_in_one_column_or_three() -> None:
    found = look(
        "Фамилия;Имя;Отчество;Отдел;Должность;Принят\n"
        "Әлібек;Айгүл;;Бухгалтерия;Бухгалтер;1.9.2020\n"
        "Ли-Ким;О’Хара;Махамбет ұлы;Бухгалтерия;Бухгалтер;1.9.2020\n",
        record=Record(UNITS, (replace_percent(POSTS[0], 200),)),
    )
    assert [str(each.said.name) for each in found.placed] == ["Әлібек Айгүл", "Ли-Ким О’Хара Махамбет ұлы"]
    wrong = look(
        "ФИО;Отдел;Должность;Принят\n"
        "Ахметов;Бухгалтерия;Бухгалтер;1.9.2020\n"
        "Ахметов Е.С.;Бухгалтерия;Бухгалтер;1.9.2020\n"
        ";Бухгалтерия;Бухгалтер;1.9.2020\n"
    )
    assert faults(wrong) == {2: {0: "name-malformed"}, 3: {0: "name-malformed"}, 4: {0: "cell-needed"}}


def replace_percent(post: PostDays, percent: int) -> PostDays:
    return post._replace(percent=percent)


def test_an_identity_number_is_checked_and_never_told() -> None:
    good = an_identity(date(2003, 5, 6))
    assert rules.identity_said(f" {good[:6]} {good[6:]} ") == good
    assert rules.identity_said(good.lstrip("0")) == good, "a spreadsheet took the zeros"
    assert rules.identity_said("—") == ""
    wrong = good[:11] + str((int(good[11]) + 1) % 10)
    for text in (wrong, good[:9], "no number", f"{good}0"):
        with pytest.raises(IdentityInvalid):
            rules.identity_said(text)
    found = look(f"ФИО;ИИН;Отдел;Должность;Принят\nАхметов Ерлан;{wrong};{good};{good};{good}\n", creates_posts=False)
    told = " ".join(str(fault) for line in found.lines for fault in line.faults.values())
    assert good not in told
    assert wrong not in told
    assert good[6:] not in told
    assert rules.shown("identity", good[:9]) == f"{good[:6]}•••"
    assert rules.shown("number", f"№ {good}") == f"№ {good[:6]}••••••"


def test_every_fault_stands_at_its_cell() -> None:
    found = look(
        "ФИО;Дата рождения;Подразделение;Должность;Ставка;Дата приема;Последний день;График;Группа персонала\n"
        "Ахметов Ерлан;31.02.1985;Бухгалтерея;Бухгалтер;many;2020;;круглосуточно;акын\n"
        "Серікова Айгүл;01.01.2030;Бухгалтерия;Бухгалтир;0;01.09.2020;01.08.2020;сменный;\n"
    )
    assert faults(found) == {
        2: {1: "day-malformed", 2: "unit-misspelt", 4: "share-malformed", 5: "day-malformed", 7: "schedule-unknown",
            8: "staff-group-unknown"},
        3: {1: "born-too-late", 3: "post-misspelt", 4: "share-malformed", 6: "interval-reversed", 7: "hours-needed"},
    }  # fmt: skip
    assert "“Бухгалтерия”" in str(found.lines[1].faults[2])
    assert "“Бухгалтер”" in str(found.lines[2].faults[3])


def test_the_share_of_a_post_is_kept_within_the_staffing_table_on_every_day() -> None:
    held = (Held(5, 7, DateInterval(date(2020, 1, 1), date(2021, 1, 1)), 100),)
    found = look(
        "ФИО;Отдел;Должность;Ставка;Принят;Последний день\n"
        "Первый Иван;Бухгалтерия;Бухгалтер;1;01.06.2020;\n"  # beside the one held through 2020
        "Второй Иван;Бухгалтерия;Бухгалтер;1;01.01.2021;\n"
        "Третий Иван;Бухгалтерия;Бухгалтер;0,5;01.01.2019;31.12.2019\n"
        "Пятый Иван;Бухгалтерия;Бухгалтер;50 %;01.01.2022;\n"
        "Шестой Иван;Бухгалтерия;Бухгалтер;0,25;01.01.2022;\n",
        record=Record(UNITS, POSTS, held),
    )
    assert faults(found) == {2: {3: "post-full"}, 6: {3: "post-full"}}
    assert "0,5 of this post left, and 1 is asked" in str(found.lines[1].faults[3])
    assert [each.number for each in found.placed] == [3, 4, 5]


def test_units_and_posts_that_are_missing_are_created_where_it_is_asked() -> None:
    text = (
        "ФИО;Вышестоящее подразделение;Подразделение;Должность;Категория;Ставка;Принят\n"
        "Первый Иван;;Департамент;Директор;C-1;1;01.02.2020\n"
        "Второй Иван;Департамент;Управление;Эксперт;C-4;1;01.01.2019\n"
        "Третий Иван;Департамент;Управление;Эксперт;C-4;0,5;01.03.2020\n"
        "Четвертый Иван;Управление;Отдел;Эксперт;C-5;1;01.04.2020\n"
    )
    refused = look(text, record=Record())
    assert set(faults(refused)[2].values()) == {"unit-missing"}
    assert len(refused.faulty) == 4
    found = look(text, record=Record(), creates_units=True, creates_posts=True)
    assert not found.faulty
    assert [(unit.name, unit.above, unit.since) for unit in found.units] == [
        ("Департамент", None, date(2019, 1, 1)),
        ("Управление", 0, date(2019, 1, 1)),
        ("Отдел", 1, date(2020, 4, 1)),
    ]
    assert [(post.title, post.percent, post.unit, post.since) for post in found.posts] == [
        ("Директор", 100, 0, date(2020, 2, 1)),
        ("Эксперт", 150, 1, date(2019, 1, 1)),
        ("Эксперт", 100, 2, date(2020, 4, 1)),
    ]
    only_units = look(text, record=Record(), creates_units=True)
    assert {fault for of_row in faults(only_units).values() for fault in of_row.values()} == {"post-missing"}
    assert only_units.units == ()


def test_units_of_one_name_are_told_apart_and_none_stands_under_itself() -> None:
    twins = Record((*UNITS, UnitDays(3, ALWAYS, ("Бухгалтерия",) * 3, None)), POSTS)
    head = "ФИО;Вышестоящее подразделение;Подразделение;Должность;Принят\n"
    found = look(
        f"{head}Первый Иван;;Бухгалтерия;Бухгалтер;1.9.2020\n"
        "Второй Иван;Школа;Бухгалтерия;Бухгалтер;1.9.2020\n"
        "Третий Иван;;3;Бухгалтер;1.9.2020\n",
        record=twins,
    )
    assert faults(found) == {2: {2: "unit-ambiguous"}, 4: {3: "post-missing"}}
    assert "2 (Школа), 3" in str(found.lines[1].faults[2])
    circle = look(
        f"{head}Первый Иван;Отдел Б;Отдел А;Эксперт;1.9.2020\nВторой Иван;Отдел А;Отдел Б;Эксперт;1.9.2020\n",
        creates_units=True,
        creates_posts=True,
    )
    assert "unit-in-circle" in {fault for of_row in faults(circle).values() for fault in of_row.values()}


def test_a_new_post_cannot_stand_in_a_unit_before_the_unit_does() -> None:
    later = Record((UnitDays(1, DateInterval(date(2024, 1, 1), None), ("Школа",) * 3, None),))
    found = look(
        "ФИО;Отдел;Должность;Принят\nПервый Иван;Школа;Учитель;1.9.2020\nВторой Иван;Отдел;Учитель;1.9.2020\n",
        record=later,
        creates_units=True,
        creates_posts=True,
        under=1,
    )
    assert faults(found) == {2: {3: "unit-later"}, 3: {3: "unit-later"}}
    assert (found.units, found.posts) == ((), ())


def test_who_is_on_record_is_the_same_person_or_is_skipped() -> None:
    known, elsewhere, own = an_identity(), an_identity(), an_identity()
    claims = {
        (known, "Ахметов Ерлан"): Claimed(5, is_own=False),
        (elsewhere, "Неизвестный Пётр"): Claimed(77, is_own=False),
        (elsewhere, "Другой Пётр"): Claimed(None, is_own=False),
        (own, "Свой Арман"): Claimed(78, is_own=True),
    }
    people = (
        Known(5, Name("Ахметов", "Ерлан", "Серікұлы"), date(1985, 7, 19), has_identity=True, takes_identity=False),
        Known(6, Name("Серікова", "Айгүл"), date(1990, 1, 2), has_identity=False, takes_identity=True),
        Known(8, Name("Ким", "Олег"), None, has_identity=False, takes_identity=True),
    )
    held = (Held(5, 7, DateInterval(date(2020, 1, 1), None), 100),)
    posts = (replace_percent(POSTS[0], 1000), PostDays(9, ALWAYS, 1, ("Директор",) * 3, "", 1000))
    found = look(
        "ФИО;ИИН;Дата рождения;Отдел;Должность;Принят\n"
        f"Ахметов Е;{known};;Бухгалтерия;Бухгалтер;01.09.2021\n"
        f"Ахметов Ерлан;{known};;Бухгалтерия;Бухгалтер;01.09.2021\n"
        f"Ахметов Ерлан;{known};19.07.1985;Школа;Директор;01.09.2021\n"
        "Серікова Айгүл Ерланқызы;;02.01.1990;Школа;Директор;01.09.2021\n"
        "Серікова Айгүл;;03.01.1990;Школа;Директор;01.09.2021\n"
        f"Неизвестный Пётр;{elsewhere};;Школа;Директор;01.09.2021\n"
        "Ким Олег;;01.01.1980;Школа;Директор;01.09.2021\n"
        f"Другой Пётр;{elsewhere};;Школа;Директор;01.10.2021\n"
        f"Свой Арман;{own};;Школа;Директор;01.10.2021\n"
        f"Неизвестный Пётр;{elsewhere};;Школа;Директор;01.10.2021\n",
        record=Record(UNITS, posts, held, people, claims),
    )
    assert {line.number: (line.kind.value, [note for note, _ in line.notes]) for line in found.lines[1:]} == {
        2: ("person", []),
        3: ("appointed", [Note.APPOINTED]),
        4: ("person", [Note.ON_RECORD]),
        5: ("person", [Note.ON_RECORD]),
        6: ("person", []),
        7: ("person", [Note.ELSEWHERE]),
        8: ("person", [Note.NAMESAKE]),
        9: ("person", []),
        10: ("person", []),
        11: ("person", []),
    }
    assert faults(found) == {
        2: {0: "name-malformed"},
        9: {1: "identity-number-of-another"},
        10: {-1: "own-record"},
        11: {-1: "row-again"},
    }
    assert {each.number: each.whom for each in found.placed} == {
        4: Whom(5, 0),
        5: Whom(6, 0),
        6: Whom(None, 6),
        7: Whom(77, 0),
        8: Whom(None, 8),
    }


def test_who_has_no_identity_number_gets_that_of_the_list_where_the_day_of_birth_is_theirs() -> None:
    born = date(1990, 1, 2)
    theirs, others = an_identity(born), an_identity(date(1991, 1, 2))
    people = (
        Known(6, Name("Серікова", "Айгүл", "Ерланқызы"), born, has_identity=False, takes_identity=True),
        Known(6, Name("Серікова", "Айгүл"), born, has_identity=False, takes_identity=True),
        Known(8, Name("Ким", "Олег"), date(1991, 1, 2), has_identity=False, takes_identity=True),
        Known(9, Name("Пак", "Анна"), born, has_identity=False, takes_identity=False),
        Known(10, Name("Цой", "Вера"), None, has_identity=False, takes_identity=True),
    )
    held = tuple(Held(person, 7, DateInterval(date(2020, 1, 1), None), 10) for person in (6, 8, 9, 10))
    record = Record(UNITS, (replace_percent(POSTS[0], 1000),), held, people)
    rows = (
        "ФИО;ИИН;Дата рождения;Отдел;Должность;Ставка;Принят\n"
        f"Серікова Айгүл;{theirs};;Бухгалтерия;Бухгалтер;0,1;01.09.2021\n"
        f"Ким Олег;{an_identity(born)};02.01.1991;Бухгалтерия;Бухгалтер;0,1;01.09.2021\n"
        f"Пак Анна;{an_identity(born)};02.01.1990;Бухгалтерия;Бухгалтер;0,1;01.09.2021\n"
        f"Цой Вера;{others};;Бухгалтерия;Бухгалтер;0,1;01.09.2021\n"
        f"Петров Иван;{theirs};;Бухгалтерия;Бухгалтер;0,1;01.09.2021\n"
    )

    def notes(found: Checked) -> dict[int, list[Note]]:
        return {line.number: [note for note, _ in line.notes] for line in found.lines if line.notes}

    offered = look(rows, record)
    assert notes(offered)[2] == [Note.APPOINTED, Note.IDENTITY_OFFERED]
    assert offered.numbered == ()
    added = look(rows, record, adds_identities=True)
    assert notes(added) == {
        2: [Note.APPOINTED, Note.IDENTITY_ADDED],
        3: [Note.APPOINTED, Note.IDENTITY_UNSURE],  # the number begins with another day
        4: [Note.APPOINTED],  # kept elsewhere, or one's own
        5: [Note.APPOINTED, Note.IDENTITY_UNSURE],  # nothing tells their day of birth
    }
    assert added.numbered == (Numbered(2, 6, theirs),)
    assert faults(added) == {6: {1: "identity-of-another"}}
    assert added.good == {2}


@pytest.mark.parametrize("failed", ["#REF!", "#N/A", "#NAME?", "#DIV/0!", "#ССЫЛКА!", "#Н/Д", "Err:502"])
def test_what_a_failed_formula_says_is_a_fault_at_its_cell_whatever_the_column(failed: str) -> None:
    found = look(
        "ФИО;Отдел;Должность;Табельный номер;Принят;Примечание\n"
        f"{failed};{failed};{failed};{failed};01.09.2021;{failed}\n"
        f"Ким Олег;Отдел № 1;Инженер #1;№ 7;01.09.2021;\n",
        creates_units=True,
        creates_posts=True,
    )
    assert faults(found) == {2: {0: "cell-failed", 1: "cell-failed", 2: "cell-failed", 3: "cell-failed"}}
    assert [unit.name for unit in found.units] == ["Отдел № 1"]


def test_who_stands_in_the_list_twice_is_one_person() -> None:
    one, other = an_identity(), an_identity()
    found = look(
        "ФИО;ИИН;Дата рождения;Отдел;Должность;Ставка;Принят;Последний день\n"
        f"Ахметов Ерлан;{one};;Отдел;Эксперт;0,5;01.09.2020;\n"
        f"Ахметов Ерлан;{one};;Отдел;Водитель;0,5;01.09.2020;\n"
        f"Ахметов Ерлан;{one};;Отдел;Эксперт;0,5;01.10.2020;\n"
        f"Петров Иван;{one};;Отдел;Эксперт;1;01.09.2020;\n"
        "Серікова Айгүл;;02.01.1990;Отдел;Эксперт;1;01.09.2020;31.12.2020\n"
        "Серікова Айгүл;;02.01.1990;Отдел;Эксперт;1;01.01.2021;\n"
        f"Серікова Айгүл;{other};03.01.1990;Отдел;Эксперт;1;01.09.2020;\n"
        "Ким Олег;;;Отдел;Эксперт;1;01.09.2020;\n"
        "Ким Олег;;;Отдел;Эксперт;1;01.09.2020;\n",
        record=Record(),
        creates_units=True,
        creates_posts=True,
    )
    assert faults(found) == {4: {-1: "row-again"}, 5: {1: "identity-of-another"}, 10: {-1: "row-again"}}
    assert {each.number: each.whom.row for each in found.placed} == {2: 2, 3: 2, 6: 6, 7: 6, 8: 8, 9: 9}
    assert found.new_people == 4


def test_columns_are_told_by_hand_and_cells_written_over() -> None:
    brought = a_list("Кто;Где;Кем;Когда\nАхметов Ерлан;Бухгалтерия;Бухгалтер;1.9.2020\nИтого;1;;\n")
    found = reading.checked(brought, RECORD)
    assert found.fault is not None
    assert found.fault.code == "people-heads-missing"
    told = replace(brought, settings=Settings(("name", "unit", "post", "since"), 1))
    found = reading.checked(told, RECORD)
    assert ([each.number for each in found.placed], found.count(LineKind.TOTAL)) == ([2], 1)
    mended = replace(told, mended=Mended({"A2": "Серікова Айгүл"}))
    assert str(reading.checked(mended, RECORD).placed[0].said.name) == "Серікова Айгүл"
    left = replace(told, mended=Mended({}, frozenset({2})))
    assert reading.checked(left, RECORD).count(LineKind.LEFT) == 1
    twice = replace(told, settings=Settings(("name", "unit", "post", "post"), 1))
    assert "C, D" in str(reading.checked(twice, RECORD).fault)
    undated = replace(told, settings=Settings(("name", "unit", "post", ""), 1))
    fault = reading.checked(undated, RECORD).fault
    assert fault is not None
    assert fault.code == "people-since-missing"
    dated = replace(undated, settings=replace(undated.settings, since=date(2020, 9, 1)))
    assert reading.checked(dated, RECORD).placed[0].said.valid.start == date(2020, 9, 1)
    headless = a_list("Ахметов Ерлан;Бухгалтерия;Бухгалтер;1.9.2020\n")
    headless = replace(headless, settings=Settings(("name", "unit", "post", "since"), 0))
    assert [each.number for each in reading.checked(headless, RECORD).placed] == [1]


def test_shifts_are_worked_by_their_hours() -> None:
    found = look(
        "ФИО;Отдел;Должность;Принят;График;Часы\n"
        "Первый Иван;Отдел;Сторож;1.9.2020;сменный график;12 12 0 0\n"
        "Второй Иван;Отдел;Сторож;1.9.2020;шестидневка;7 7 7 7 7 5 0\n"
        "Третий Иван;Отдел;Сторож;1.9.2020;шестидневка;7 7\n"
        "Пятый Иван;Отдел;Сторож;1.9.2020;;\n",
        record=Record(),
        creates_units=True,
        creates_posts=True,
    )
    assert faults(found) == {4: {5: "hours-malformed"}}
    assert [each.said.minutes for each in found.placed] == [(720, 720, 0, 0), (420,) * 5 + (300, 0), ()]
