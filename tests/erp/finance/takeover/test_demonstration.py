"""An institution of the demonstration, as 1C would export it, is taken over into empty books; and many entries are."""

from collections.abc import Callable
from datetime import date, timedelta

from erp.finance.takeover.mapping import service as mapping
from erp.finance.takeover.path import path
from erp.finance.takeover.posting import months
from qazyna.demonstration import books as story
from qazyna.demonstration import oblast
from qazyna.demonstration.model import Side as OurSide
from tests.erp.finance.takeover.conftest import JANUARY, Move
from tests.factories import onec
from tests.factories.onec import Their, TheirPosting, Theirs

_KINDS = {"programme": "Бюджетная программа", "specific": "Специфика", "counterparty": "Контрагенты",
          "person": "Работники организации"}  # fmt: skip
_FIRST, _LAST = date(2025, 1, 1), date(2025, 3, 1)


def as_theirs() -> Theirs:
    """Books of an institution with its own opening balances at the beginning of 2025, as the other program's."""
    kept = next(i for i in oblast.institutions() if not i.joins)
    drafts = [d for d in story.keep(kept) if d.on < date(2025, 4, 1)]
    suppliers = {s.code: s.names["ru"] for s in oblast.suppliers()}
    named: dict[str, set[str]] = {}
    for side in (side for d in drafts for line in d.lines for side in (line.debit, line.credit)):
        named.setdefault(side.account, set()).update(n for n in _KINDS if getattr(side, n))
    kinds = {account: [n for n in _KINDS if n in names] for account, names in named.items()}

    def their(side: OurSide) -> Their:
        said = {"programme": side.programme, "specific": side.specific, "person": side.person,
                "counterparty": suppliers.get(side.counterparty, side.counterparty)}  # fmt: skip
        return Their(side.account, tuple(said[name] for name in kinds[side.account]))

    made = Theirs(
        kinds={account: tuple(_KINDS[n] for n in names) for account, names in kinds.items() if names},
        counterparties={name: code for code, name in suppliers.items()},
        names=dict.fromkeys(kinds, ""),
    )
    before = story.balances(d for d in drafts if d.on < _FIRST)
    for side, tiyn in before.items():
        key = Their("5220") if side.account[0] in "67" else their(side)
        made.opening[key] = made.opening.get(key, 0) + tiyn
    made.opening = {side: tiyn for side, tiyn in made.opening.items() if tiyn}
    for number, draft in enumerate((d for d in drafts if d.on >= _FIRST), start=1):
        document = f"Операция (бухгалтерский и налоговый учет) {number:06d} от {draft.on:%d.%m.%Y} 10:00:00"
        made.postings += [
            TheirPosting(draft.on, document, their(line.debit), their(line.credit), line.tiyn, line.memo or draft.memo)
            for line in draft.lines
        ]
    return made


def test_a_demonstration_institution_moves_over_without_a_difference(moving: Callable[..., Move]) -> None:
    books, move = as_theirs(), moving(_FIRST)
    move.take("план счетов", onec.chart(books))
    move.take("контрагенты", onec.counterparties(books))
    told = [_FIRST, date(2025, 2, 1), _LAST]
    for month in told:
        move.take(f"осв {month:%m}", onec.balance(books, month, indicator=month == _LAST))
    move.take("проводки", onec.journal(books, _FIRST, _LAST))
    move.accept(least=1)
    far = move.read(path)
    assert (far.mapped, far.valued) == (far.accounts, far.values), [
        line.account.code for line in move.read(mapping.accounts) if line.decision is None
    ]
    move.post_opening()
    for month in told:
        assert [fault.error for fault in move.read(months.month_plan, month).refused] == []
        move.post_month(month)
    found = move.comparisons()
    assert [c.differences for c in found] == [(), (), ()]
    assert min(c.sides for c in found) > 50


def test_thousands_of_postings_of_one_month_are_taken_in_posted_and_compared(
    moving: Callable[..., Move],
) -> None:
    books, move = Theirs(names={"1010": "Касса", "1030": "Счёт", "5220": "Результат"}), moving()
    books.opening = {Their("1010"): 10**11, Their("5220"): -(10**11)}
    days = [JANUARY + timedelta(days=n % 28) for n in range(8_000)]
    books.postings = [
        TheirPosting(on, f"Операция {n // 4:06d} от {on:%d.%m.%Y}", Their("1030"), Their("1010"), n + 1, "Инкассация")
        for n, on in enumerate(sorted(days))
    ]
    balance, journal = onec.balance(books, JANUARY), onec.register(books, JANUARY)
    move.take("осв", balance)
    move.take("проводки", journal)
    move.accept()
    move.post_opening()
    move.post_month(JANUARY)
    assert [c.size for c in move.comparisons()] == [0]
