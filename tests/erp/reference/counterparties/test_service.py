import random

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from erp.base.scope import system_scope
from erp.base.uow import UnitOfWork
from erp.reference.counterparties import queries, rules
from erp.reference.counterparties.model import Counterparty
from erp.reference.counterparties.schemas import AddCounterparty
from erp.reference.counterparties.service import AlreadyRegistered, NameMissing, RegisterCounterparty, add, register

SCOPE = system_scope()
IIN = f"85010130000{rules.check_digit('85010130000')}"

SCHOOL = RegisterCounterparty("990140000483", "КГУ «Школа № 12»", "«№ 12 мектеп» КММ", "School No. 12")
HEAT = RegisterCounterparty("940140000385", "ТОО «Расчётный центр»", "«Есеп айырысу орталығы» ЖШС")
WATER = RegisterCounterparty("971240001315", "АО «Өскемен су»", "«Өскемен су» АҚ", "Oskemen Water")


@pytest.fixture
def uow(owner: Connection) -> UnitOfWork:
    return UnitOfWork(owner.engine, SCOPE, lambda: owner)


def found(uow: UnitOfWork, typed: str, language: str = "ru", limit: int = 20) -> list[str]:
    return [c.code for c in queries.search(uow.connection, SCOPE, typed, language=language, limit=limit)]


def test_what_is_registered_already_keeps_its_name(uow: UnitOfWork) -> None:
    assert register(uow, [SCHOOL, HEAT]) == [HEAT.code, SCHOOL.code]
    assert register(uow, [SCHOOL, HEAT]) == []
    assert register(uow, [WATER, RegisterCounterparty(HEAT.code, "ТОО «Тепло»")]) == [WATER.code]
    with pytest.raises(AlreadyRegistered, match="Расчётный центр"):
        add(uow, 1, AddCounterparty(code=HEAT.code, name_ru="ТОО «Тепло»"))
    heat = queries.labels(uow.connection, SCOPE, [HEAT.code])[HEAT.code]
    assert (heat.name_ru, heat.version) == (HEAT.name_ru, 1)


def test_names_left_empty_repeat_the_russian_one(uow: UnitOfWork) -> None:
    register(uow, [RegisterCounterparty(HEAT.code, " ТОО \u202e «Тепло» ")])
    heat = queries.labels(uow.connection, SCOPE, [HEAT.code])[HEAT.code]
    assert (heat.name("kk"), heat.name("ru"), heat.name("en")) == ("ТОО «Тепло»",) * 3


def test_registering_is_audited_once(uow: UnitOfWork) -> None:
    register(uow, [SCHOOL, WATER])
    register(uow, [SCHOOL, WATER])
    events = uow.connection.execute(text("SELECT action, facts ->> 'count' FROM base_audit_event")).all()
    assert [tuple(e) for e in events] == [("counterparties-registered", "2")]


def test_a_mistyped_number_is_refused(uow: UnitOfWork) -> None:
    with pytest.raises(rules.CodeInvalid, match="990140000484"):
        register(uow, [RegisterCounterparty("990140000484", "Школа")])


@pytest.mark.parametrize("typed", [" ", "\u200b\u200b"])
def test_a_name_that_can_be_seen_is_needed(uow: UnitOfWork, typed: str) -> None:
    with pytest.raises(NameMissing):
        register(uow, [RegisterCounterparty(SCHOOL.code, typed)])


@pytest.mark.parametrize(
    ("typed", "language"),
    [
        ("990140", "ru"),
        ("0000483", "ru"),
        ("990140000483", "kk"),
        ("школа 12", "ru"),
        ("ШКОЛА", "ru"),
        ("мектеп", "kk"),
        ("МЕКТЕП 12", "ru"),
        ("school", "en"),
        ("«Школа", "kk"),
    ],
)
def test_a_counterparty_is_found_by_number_and_in_three_languages(uow: UnitOfWork, typed: str, language: str) -> None:
    register(uow, [SCHOOL, HEAT, WATER])
    assert found(uow, typed, language) == [SCHOOL.code]


@pytest.mark.parametrize("typed", ["расчетный", "РАСЧЁТНЫЙ", "центр расч"])
def test_yo_is_found_as_ye(uow: UnitOfWork, typed: str) -> None:
    register(uow, [SCHOOL, HEAT, WATER])
    assert found(uow, typed) == [HEAT.code]


@pytest.mark.parametrize("typed", ["ө", "Өс", "өскемен"])
def test_kazakh_letters_have_no_case(uow: UnitOfWork, typed: str) -> None:
    register(uow, [SCHOOL, HEAT, WATER])
    assert found(uow, typed, "kk") == [WATER.code]


def test_names_that_begin_so_come_first(uow: UnitOfWork) -> None:
    register(uow, [SCHOOL, RegisterCounterparty(HEAT.code, "Альфа мектеп")])
    assert found(uow, "мектеп", "kk") == [SCHOOL.code, HEAT.code]
    register(uow, [RegisterCounterparty(WATER.code, "Мектеп жабдығы")])
    assert found(uow, "мектеп", "kk") == [WATER.code, SCHOOL.code, HEAT.code]


@pytest.mark.parametrize("typed", ["%%%", "___", "\\\\\\", "'''"])
def test_signs_of_patterns_mean_themselves(uow: UnitOfWork, typed: str) -> None:
    register(uow, [SCHOOL, HEAT, WATER])
    assert found(uow, typed) == []


def test_nothing_typed_lists_by_the_kazakh_alphabet(uow: UnitOfWork) -> None:
    register(uow, [SCHOOL, HEAT, WATER])
    assert found(uow, "", "kk") == [SCHOOL.code, HEAT.code, WATER.code]
    assert found(uow, "", "kk", limit=1) == [SCHOOL.code]


def test_the_search_of_many_uses_the_index_of_trigrams(uow: UnitOfWork) -> None:
    uow.execute(text("SET LOCAL enable_seqscan = off"))
    plan = uow.execute(
        text("""EXPLAIN SELECT code FROM reference_counterparty
                 WHERE search_text LIKE '%' || base_search_fold('Өск') || '%'""")
    )
    assert "reference_counterparty_by_text" in str(plan.all())


def test_the_database_counts_check_digits_as_the_program_does(uow: UnitOfWork) -> None:
    drawn = random.Random(7)  # noqa: S311
    elevens = [f"{drawn.randrange(10**11):011}" for _ in range(3000)] + ["99014007090", "99014000082"]
    codes = [f"{eleven}{drawn.randrange(10)}" for eleven in elevens]
    codes += [f"{eleven}{digit}" for eleven in elevens if (digit := rules.check_digit(eleven)) is not None]
    codes += ["", "123", "94014000038x", "9401400003855"]
    rows = uow.execute(
        text("SELECT c, reference_check_digit_holds(c) FROM unnest(CAST(:codes AS text[])) AS c"), {"codes": codes}
    )
    for code, holds in rows:
        expected = len(code) == 12 and code.isdecimal() and rules.check_digit(code[:11]) == int(code[11])
        assert holds == expected, code


@pytest.mark.parametrize(
    ("table", "code", "constraint"),
    [
        ("reference_counterparty", "990140000484", "reference_counterparty_check_digit"),
        ("reference_counterparty", IIN, "reference_counterparty_is_bin"),
        ("reference_individual", "990140000483", "reference_individual_is_iin"),
        ("reference_individual", "850101300001", "reference_individual_check_digit"),
    ],
)
def test_the_database_refuses_what_the_program_let_through(
    uow: UnitOfWork, table: str, code: str, constraint: str
) -> None:
    own = ("organisation_id, ", "1, ") if table == "reference_individual" else ("", "")
    statement = text(f"""INSERT INTO {table} ({own[0]}code, name_kk, name_ru, name_en)
                         VALUES ({own[1]}:code, 'x', 'x', 'x')""")
    with pytest.raises(IntegrityError, match=constraint):
        uow.execute(statement, {"code": code})


def test_the_application_role_registers(uow: UnitOfWork) -> None:
    uow.execute(text("SET LOCAL ROLE qazyna_app"))
    heat = Counterparty(HEAT.code, "Жылу", "Тепло", "Heat")
    assert queries.insert(uow.connection, SCOPE, [heat]) == [HEAT.code]
    assert found(uow, "жыл", "kk") == [HEAT.code]


# --------------------------------------------------------------------------------------------- alphabet

ALPHABET = list("АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯ")
WORDS = [
    "Абай", "Ағаш", "Айна", "Әже", "Бала", "Ғалым", "Дос", "Ерлан", "Ёлка", "Жер", "Кітап", "Қазақ", "Қала", "Лас",
    "Нан", "Ңыз", "Ой", "Орал", "Өзен", "Өскемен", "Пара", "Су", "Ту", "Уақыт", "Ұл", "Үй", "Фонд", "Хат", "Һауа",
    "Цех", "Шаш", "Ыдыс", "Іле", "Іс", "Эмба", "Юрта", "Яков",
]  # fmt: skip


def in_order(uow: UnitOfWork, words: list[str]) -> list[str]:
    rows = uow.execute(
        text("""SELECT w FROM unnest(CAST(:words AS text[])) AS w
                 ORDER BY base_kazakh_sort_key(w) COLLATE "C" """),
        {"words": words},
    )
    return list(rows.scalars())


@pytest.mark.parametrize("expected", [ALPHABET, [letter.lower() for letter in ALPHABET], WORDS])
def test_words_stand_in_the_order_of_the_kazakh_alphabet(uow: UnitOfWork, expected: list[str]) -> None:
    shuffled = random.Random(1).sample(expected, len(expected))  # noqa: S311
    assert in_order(uow, shuffled) == expected


def test_digits_and_latin_come_before_and_quotation_marks_do_not_count(uow: UnitOfWork) -> None:
    assert in_order(uow, ["Яблоко", "«Береке»", "Zeta", "12", "Арман"]) == [
        "12", "Zeta", "Арман", "«Береке»", "Яблоко",
    ]  # fmt: skip


def test_letters_of_old_fonts_stand_where_the_letters_they_meant_stand(uow: UnitOfWork) -> None:
    key = text("SELECT base_kazakh_sort_key(:a) = base_kazakh_sort_key(:b)")
    assert uow.execute(key, {"a": "ЌАЗАЌ јлем ґзен ўлт ї є ѕ", "b": "қазақ әлем өзен ұлт ү ғ ң"}).scalar_one()
