import io
import zipfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from erp.base.scope import system_scope
from erp.reference.packages import queries, rules, service
from erp.reference.packages.model import Change, Loaded
from tests.erp.reference.packages.packages import Row, a_group, a_package, a_specific, an_account, economic

SCOPE = system_scope()


def load(owner: Connection, directory: Path) -> Loaded:
    return service.load(owner, SCOPE, rules.parse(directory))


def load_codes(owner: Connection, place: Path, *specifics: Row, valid_from: str) -> Loaded:
    directory = a_package(place, economic(*specifics), folder="codes", content="economic", valid_from=valid_from)
    return load(owner, directory)


def intervals(owner: Connection, table: str, code: str) -> list[Any]:
    """First and last day of each row of a code, with its Russian name."""
    statement = f"SELECT lower(in_force), upper(in_force), name_ru FROM {table} WHERE code = :code ORDER BY id"
    return [tuple(row) for row in owner.execute(text(statement), {"code": code})]


def counts(loaded: Loaded) -> tuple[int, int, int]:
    return loaded.added, loaded.changed, loaded.closed


def test_the_shipped_packages_load_and_loading_again_changes_nothing(owner: Connection) -> None:
    first = service.load_shipped(owner, SCOPE)
    again = service.load_shipped(owner, SCOPE)
    assert all(loaded.is_new and loaded.added == loaded.rows for loaded in first)
    assert not any(loaded.is_new for loaded in again)
    assert [(p.name, p.rows, p.not_verified) for p in queries.loaded_packages(owner, SCOPE)] == [
        (loaded.name, loaded.rows, loaded.not_verified) for loaded in first
    ]


def test_every_account_but_the_classes_hangs_under_its_parent(owner: Connection) -> None:
    service.load_shipped(owner, SCOPE)
    parents = owner.execute(
        text("""SELECT a.code, p.code FROM ledger_account a LEFT JOIN ledger_account p ON p.id = a.parent_id
                 WHERE a.code IN ('1', '1081', '00', '3210')""")
    )
    assert {tuple(row) for row in parents} == {("1", None), ("1081", "1080"), ("00", "0"), ("3210", "3200")}


def test_the_shipped_chart_names_the_accounts_that_the_program_posts_to(owner: Connection) -> None:
    service.load_shipped(owner, SCOPE)
    roles = owner.execute(text("SELECT role, code, postable FROM ledger_account WHERE role <> ''"))
    assert {tuple(row) for row in roles} == {
        ("year_result", "5210", True), ("earlier_years", "5220", True), ("contra", "00", True)
    }  # fmt: skip


def test_a_role_moves_to_another_account_with_a_new_package(owner: Connection, tmp_path: Path) -> None:
    def result(code: str, role: str) -> Row:
        return an_account(code, kind="net_assets", normal_side="credit", role=role)

    load(owner, a_package(tmp_path, [result("5210", "year_result"), result("5220", "earlier_years")]))
    load(owner, a_package(tmp_path, [result("5210", "earlier_years"), result("5220", "year_result")]))
    roles = owner.execute(text("SELECT code, role FROM ledger_account WHERE role <> ''"))
    assert dict(map(tuple, roles)) == {"5210": "earlier_years", "5220": "year_result"}


def test_plan_assignments_ask_for_programme_and_specific(owner: Connection) -> None:
    service.load_shipped(owner, SCOPE)
    asked = owner.execute(
        text("""SELECT bool_and(mandatory & 3 = 3) FROM ledger_account
                 WHERE postable AND code ~ '^(108|109|60[1-4])'""")
    )
    assert asked.scalar_one()


def test_memorial_orders_come_in_their_order(owner: Connection) -> None:
    service.load_shipped(owner, SCOPE)
    codes = owner.execute(text("SELECT code FROM ledger_journal ORDER BY id")).scalars().all()
    assert codes == [*(f"MO-{n:02}" for n in range(1, 17)), "OPEN", "IMPORT", "CLOSE"]


def test_the_act_and_the_digest_of_what_is_loaded_are_recorded(owner: Connection, tmp_path: Path) -> None:
    load(owner, a_package(tmp_path))
    (package,) = queries.loaded_packages(owner, SCOPE)
    assert (package.act, package.edition, package.title("kk")) == ("an order", "first", "Тест")
    assert (package.first, package.last) == (date(2026, 1, 1), None)
    assert package.contents == ["accounts"]


def test_loading_is_audited(owner: Connection, tmp_path: Path) -> None:
    load(owner, a_package(tmp_path))
    events = owner.execute(text("SELECT action, subject, facts ->> 'added' FROM base_audit_event")).all()
    assert [tuple(e) for e in events] == [("package-loaded", "package:chart", "1")]


def test_a_new_edition_closes_accounts_it_no_longer_holds(owner: Connection, tmp_path: Path) -> None:
    load(owner, a_package(tmp_path, [an_account("1010"), an_account("1020")]))
    done = load(owner, a_package(tmp_path, [an_account("1010"), an_account("1030")], valid_from="2027-01-01"))
    assert counts(done) == (1, 0, 1)
    first, turn = date(2026, 1, 1), date(2027, 1, 1)
    assert intervals(owner, "ledger_account", "1010") == [(first, None, "Деньги в кассе")]
    assert intervals(owner, "ledger_account", "1020") == [(first, turn, "Деньги в кассе")]
    assert intervals(owner, "ledger_account", "1030") == [(turn, None, "Деньги в кассе")]


def test_an_account_keeps_its_id_when_it_is_renamed_or_moved(owner: Connection, tmp_path: Path) -> None:
    load(owner, a_package(tmp_path, [a_group("1000"), an_account("1010", parent_code="1000")]))
    ids = text("SELECT id FROM ledger_account WHERE code = '1010'")
    before = owner.execute(ids).scalar_one()
    rows = [
        a_group("1000"),
        a_group("1100"),
        an_account("1010", parent_code="1100", name_ru="Касса", permitted="source item"),
    ]
    done = load(owner, a_package(tmp_path, rows, valid_from="2027-01-01"))
    assert counts(done) == (1, 1, 0)
    assert owner.execute(ids).scalar_one() == before
    assert intervals(owner, "ledger_account", "1010") == [(date(2026, 1, 1), None, "Касса")]


def test_an_account_closed_by_one_edition_may_return_in_a_later_one(owner: Connection, tmp_path: Path) -> None:
    both, one = [an_account("1010"), an_account("1020")], [an_account("1010")]
    for rows, day in ((both, "2026-01-01"), (one, "2027-01-01"), (both, "2029-01-01")):
        load(owner, a_package(tmp_path, rows, valid_from=day))
    assert [row[:2] for row in intervals(owner, "ledger_account", "1020")] == [
        (date(2026, 1, 1), date(2027, 1, 1)),
        (date(2029, 1, 1), None),
    ]


def test_an_account_dropped_by_a_correction_was_never_in_force(owner: Connection, tmp_path: Path) -> None:
    load(owner, a_package(tmp_path, [an_account("1010"), an_account("1020")]))
    done = load(owner, a_package(tmp_path, [an_account("1010")]))
    assert counts(done) == (0, 0, 1)
    assert intervals(owner, "ledger_account", "1020") == [(None, None, "Деньги в кассе")]
    assert owner.execute(text("SELECT isempty(in_force) FROM ledger_account WHERE code = '1020'")).scalar_one()


def test_an_account_with_entries_does_not_become_something_else(owner: Connection, tmp_path: Path) -> None:
    load(owner, a_package(tmp_path))
    recast = rules.parse(a_package(tmp_path, [an_account(kind="liability")], valid_from="2027-01-01"))
    with owner.begin_nested() as unused:
        assert service.load(owner, SCOPE, recast).changed == 1
        unused.rollback()
    owner.execute(text("INSERT INTO ledger_classification (programme, specific, source) VALUES ('', '', '')"))
    owner.execute(
        text("""
            INSERT INTO ledger_subaccount (organisation_id, account_id, classification_id, counterparty, contract,
                                           item, project, person, currency)
            SELECT 1, a.id, c.id, '', '', '', '', '', '' FROM ledger_account a, ledger_classification c
        """)
    )
    with pytest.raises(service.AccountRecast, match="1010"):
        service.load(owner, SCOPE, recast)


def test_a_code_that_means_something_else_becomes_a_new_row(owner: Connection, tmp_path: Path) -> None:
    load_codes(owner, tmp_path, a_specific("111"), a_specific("112"), valid_from="2026-01-01")
    done = load_codes(owner, tmp_path, a_specific("111", name_ru="Труд"), a_specific("113"), valid_from="2027-01-01")
    assert counts(done) == (1, 1, 1)
    first, turn = date(2026, 1, 1), date(2027, 1, 1)
    table = "reference_classification"
    assert intervals(owner, table, "111") == [(first, turn, "Оплата труда"), (turn, None, "Труд")]
    assert intervals(owner, table, "112") == [(first, turn, "Оплата труда")]
    assert intervals(owner, table, "113") == [(turn, None, "Оплата труда")]


def test_a_code_that_was_verified_stays_the_same_row(owner: Connection, tmp_path: Path) -> None:
    load_codes(owner, tmp_path, a_specific("111", confidence="low"), valid_from="2026-01-01")
    done = load_codes(owner, tmp_path, a_specific("111", confidence="verified"), valid_from="2027-01-01")
    assert counts(done) == (0, 1, 0)
    assert len(intervals(owner, "reference_classification", "111")) == 1


def test_a_misspelt_name_is_corrected_in_place_by_the_same_edition(owner: Connection, tmp_path: Path) -> None:
    load_codes(owner, tmp_path, a_specific("111", name_ru="Аплата труда"), valid_from="2026-01-01")
    done = load_codes(owner, tmp_path, a_specific("111"), valid_from="2026-01-01")
    assert counts(done) == (0, 1, 0)
    assert intervals(owner, "reference_classification", "111") == [(date(2026, 1, 1), None, "Оплата труда")]


def test_a_row_is_in_force_for_its_own_days(owner: Connection, tmp_path: Path) -> None:
    row = a_specific("116", valid_from="2026-07-01", valid_to="2028-01-01")
    load_codes(owner, tmp_path, row, valid_from="2026-01-01")
    assert intervals(owner, "reference_classification", "116")[0][:2] == (date(2026, 7, 1), date(2028, 1, 1))
    moved = a_specific("116", valid_from="2026-08-01")
    assert counts(load_codes(owner, tmp_path, moved, valid_from="2026-01-01")) == (0, 1, 0)
    assert intervals(owner, "reference_classification", "116")[0][:2] == (date(2026, 8, 1), None)


def test_a_currency_that_left_the_list_is_closed(owner: Connection, tmp_path: Path) -> None:
    def currency(code: str, number: str, name: str) -> Row:
        names = {"name_kk": name, "name_ru": name, "name_en": name}
        tail = {"valid_from": "", "valid_to": "", "confidence": "high", "source": "a test"}
        return {"code": code, "number": number, "minor_units": "2"} | names | tail

    kuna, euro = currency("HRK", "191", "Kuna"), currency("EUR", "978", "Euro")

    def load_money(rows: list[Row], day: str) -> Loaded:
        return load(owner, a_package(tmp_path, rows, folder="money", content="currencies", valid_from=day))

    assert counts(load_money([kuna, euro], "2020-01-01")) == (2, 0, 0)
    assert counts(load_money([euro | {"name_en": "euro"}], "2023-01-01")) == (0, 1, 1)
    until = text("SELECT upper(in_force) FROM reference_currency WHERE code = 'HRK'")
    assert owner.execute(until).scalar_one() == date(2023, 1, 1)


def test_editions_are_loaded_in_the_order_of_their_days(owner: Connection, tmp_path: Path) -> None:
    load(owner, a_package(tmp_path, valid_from="2027-01-01"))
    with pytest.raises(service.EditionOutdated, match="2026-01-01"):
        load(owner, a_package(tmp_path, valid_from="2026-01-01"))


def test_a_register_is_filled_by_one_package(owner: Connection, tmp_path: Path) -> None:
    load(owner, a_package(tmp_path, folder="chart"))
    with pytest.raises(service.ContentTaken, match="chart fills already"):
        load(owner, a_package(tmp_path, folder="another"))


def test_going_back_to_an_earlier_correction_is_a_loading_again(owner: Connection, tmp_path: Path) -> None:
    right, wrong = [an_account()], [an_account(name_ru="Дениги")]
    for rows in (right, wrong, right):
        assert load(owner, a_package(tmp_path, rows)).is_new
    assert intervals(owner, "ledger_account", "1010")[0][2] == "Деньги в кассе"
    assert len(queries.loading_history(owner, SCOPE, "chart")) == 3


# --------------------------------------------------------------------------------------------- previews

codes = st.dictionaries(
    st.sampled_from(["1010", "1020", "1030", "1040"]),
    st.tuples(st.sampled_from(["Касса", "Банк"]), st.sampled_from(["", "2027-06-01"])),
    min_size=1,
)


@given(first=codes, second=codes, day=st.sampled_from(["2026-01-01", "2027-01-01"]))
@settings(max_examples=40)
def test_a_preview_says_what_loading_then_does(
    owner: Connection, tmp_path: Path, first: dict[str, Any], second: dict[str, Any], day: str
) -> None:
    def package(said: dict[str, Any], valid_from: str) -> Any:
        rows = [an_account(code, name_ru=name, valid_to=until) for code, (name, until) in said.items()]
        return rules.parse(a_package(tmp_path, rows, valid_from=valid_from))

    with owner.begin_nested() as undone:
        for offered in (package(first, "2026-01-01"), package(second, day)):
            seen = service.preview(owner, SCOPE, offered)
            done = service.load(owner, SCOPE, offered)
            if not seen.is_loaded:
                assert counts(done) == tuple(seen.count(c) for c in (Change.ADDED, Change.CHANGED, Change.ENDED))
            assert not service.preview(owner, SCOPE, offered).differences
        undone.rollback()


def test_the_shipped_packages_once_loaded_offer_no_change(owner: Connection) -> None:
    service.load_shipped(owner, SCOPE)
    for directory in service.shipped():
        assert service.preview(owner, SCOPE, rules.parse(directory)).differences == (), directory.name


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_no_package(packing: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", packing) as out:
        out.writestr("package.toml", "name = " * 99)
    whole = packed.getvalue()
    for at in range(30, len(whole)):
        with suppress(service.ArchiveUnfit):
            service._unpacked(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
