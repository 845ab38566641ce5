"""Help at the field: what it is, why it is asked for, and where the rule comes from.

Keys are a form and its field, the same in every language: a page that shows the field shows its help.  A rule that
nobody has compared with the act says so.
"""

from dataclasses import dataclass

from erp.base.i18n import N_


@dataclass(frozen=True)
class Hint:
    """Messages; ``act`` is where the rule stands, empty where it is the program's own."""

    what: str
    why: str
    act: str = ""
    verified: bool = True


_RULES = N_("Order of the Minister of Finance No. 393 of 3 August 2010, rules of accounting in state institutions")
_ALBUM = N_("Order No. 390 of the Ministry of Finance of 2 August 2011, album of forms")
_POLICY = N_("Order of the Minister of Finance No. 444 of 7 September 2010, accounting policy")
_NUMBERS = N_("Law No. 223-III of 12 January 2007 on national registers of identification numbers")
_IBAN = "ISO 13616"

_DAY = Hint(
    N_("The day the operation counts for: it decides the month and the year it stands in."),
    N_("It may be any day of an open month. When it was typed is kept apart and cannot be chosen."),
    _RULES,
    verified=False,
)
_REASON = Hint(
    N_("Why the entry is cancelled, in a sentence that an auditor will understand."),
    N_("It stands for ever on both entries and in the trail."),
    _RULES,
    verified=False,
)
_REOPENED = Hint(
    N_("Why what was closed is opened, in a sentence that an auditor will understand."),
    N_("A closed period is opened only with a record of who did it and why."),
    _RULES,
    verified=False,
)
_CODE = Hint(
    N_("Twelve digits: the BIN of an organisation or the IIN of a person. The last one checks the others."),
    N_("The same counterparty is then one in all books, and a mistyped digit is found at once."),
    _NUMBERS,
    verified=False,
)

HINTS: dict[str, Hint] = {
    "entry.typical": Hint(
        N_("A ready pair of accounts for an operation that repeats: by number or by words."),
        N_("It fills in both accounts; you type the amount and what they ask for."),
        _RULES,
        verified=False,
    ),
    "entry.journal": Hint(
        N_("The memorial order that the entry belongs to; each numbers its own entries without gaps."),
        N_("Entries of one kind are filed and signed together by month."),
        _ALBUM,
        verified=False,
    ),
    "entry.effective_on": _DAY,
    "entry.document_number": Hint(
        N_("Number of the paper that the entry rests on: the bill, the act, the order."),
        N_("Nothing is posted without a primary document; by its number the entry is found later."),
        _ALBUM,
        verified=False,
    ),
    "entry.document_on": Hint(
        N_("The day written on that paper; it may be earlier than the day the operation counts for."),
        N_("With the number it names the paper without doubt."),
    ),
    "entry.memo": Hint(
        N_("What the operation is about, as the memorial order will say it."),
        N_("It is searched by words, and shown wherever a figure is opened."),
    ),
    "entry.postings.debit.account": Hint(
        N_("Where the value goes to. Type the code, or a word of the name in any language."),
        N_("The account then asks for what it is kept by: programme, counterparty, quantity."),
        N_("Order No. 281 of the Ministry of Finance of 15 June 2010, chart of accounts"),
        verified=False,
    ),
    "entry.postings.credit.account": Hint(
        N_("Where the value comes from. For an off-balance account leave the other side empty."),
        N_("Debit and credit of one line are always equal, so an entry cannot be out of balance."),
        N_("Order No. 281 of the Ministry of Finance of 15 June 2010, chart of accounts"),
        verified=False,
    ),
    "entry.postings.amount": Hint(
        N_("Tenge with tiyn: 1 234,56. A minus is for a correction below zero."),
        N_("Books are kept in tenge; the amount of a currency stands beside, in its own field."),
        _POLICY,
        verified=False,
    ),
    "correction.effective_on": Hint(
        N_("The day the correction counts for, in an open month, not before the entry itself."),
        N_("The month that was closed with the mistake stays as it was reported."),
        _RULES,
        verified=False,
    ),
    "correction.reason": _REASON,
    "period.reason": _REOPENED,
    "counterparty.code": _CODE,
    "counterparty.name_ru": Hint(
        N_("The full name, as in the registration."),
        N_("It is printed on documents and searched by any of its words."),
    ),
    "counterparty.iban": Hint(
        N_("KZ, two check digits, three digits of the bank and thirteen characters of the account."),
        N_("A payment to a mistyped account comes back after days; the check finds it now."),
        _IBAN,
    ),
    "filter.known": Hint(
        N_("A day and a time: what was recorded and sealed later does not count."),
        N_("The report then comes out as it was given at that time, for ever the same."),
    ),
    "filter.day": Hint(
        N_("A day in the middle of a month, instead of the end of the last month."),
        N_("Balances are then counted up to the end of that day."),
    ),
    "policy.since": Hint(
        N_("The first day on which the new edition counts; until then the one before it does."),
        N_("A policy is kept from period to period: a change begins with a year, or where the law changes."),
        _POLICY,
        verified=False,
    ),
    "policy.adopts": Hint(
        N_("The edition whose choices you begin with: your own last one, or what a body above you has published."),
        N_("One policy is set for all; an institution chooses only among what that one allows."),
        _RULES,
        verified=False,
    ),
    "policy.amounts.unit": Hint(
        N_("What amounts that the program computes are rounded to; amounts that you type stay as typed."),
        N_("Depreciation and templates then come out the same whoever computes them."),
        _POLICY,
        verified=False,
    ),
    "policy.reports": Hint(
        N_("The unit that reports on the screen begin with. Each figure is rounded by itself."),
        N_("Files hold the exact amounts, so nothing is lost by a larger unit."),
    ),
    "closing.file": Hint(
        N_("The paper that proves the step: a signed act, a bank statement, a list."),
        N_("Who checks the books later finds the ground of each step beside it."),
        _RULES,
        verified=False,
    ),
    "closing.reason": Hint(
        N_("Why the step is done although the program’s check does not hold, in a sentence for an auditor."),
        N_("The reason stands in the record of the close with what the check found that day."),
    ),
    "intake.text": Hint(
        N_("Cells as they are copied in a spreadsheet, heads included; the order of the columns does not matter."),
        N_("Every row comes back to be looked at, with its faults at the cells; nothing is saved before you accept."),
    ),
    "intake.purpose": Hint(
        N_("Whether the rows are entries of a journal or counterparties of the register."),
        N_("It decides what the columns may mean and what each row is checked for."),
    ),
    "intake.heads_first": Hint(
        N_("Numbers of the rows that name the columns; of a head in two storeys both."),
        N_("Rows above them are left out, and by the names each column is recognised."),
    ),
    "intake.grouping": Hint(
        N_("Which rows are one entry: each by itself, or those of one document."),
        N_("An entry is posted whole: where one of its rows is wrong, none of them is posted."),
        _RULES,
        verified=False,
    ),
    "intake.journal": Hint(
        N_("The journal of rows that name none themselves."),
        N_("Entries of one kind are filed and signed together by month."),
        _ALBUM,
        verified=False,
    ),
    "intake.effective_on": _DAY,
    "intake.memo": Hint(
        N_("What stands in the text of rows that have none."),
        N_("It is searched by words, and shown wherever a figure is opened."),
    ),
    "takeover.source_program": Hint(
        N_("The program that the books were kept in so far, as you call it."),
        N_("The entry of the opening balances names it, so that the origin of each figure is known."),
    ),
    "takeover.starts_on": Hint(
        N_("The first day that is kept here. The trial balance that begins on this day gives the opening balances."),
        N_("The balances of that day tie both programs to the tiyn; a year’s first day spares a divided year."),
        _RULES,
        verified=False,
    ),
    "takeover.file": Hint(
        N_("A report of the other program, saved as a table; what it is, its headings say."),
        N_("Every row is kept as it was, and each figure here leads back to its row."),
    ),
    "takeover.first": Hint(
        N_("The first month that the file tells of, where the file itself does not say it."),
        N_("Two files of the same kind never tell of the same month, so nothing is taken in twice."),
    ),
    "takeover.ours": Hint(
        N_("The account of our chart that takes what stands on this one."),
        N_("Every posting and balance of the other program comes through this choice."),
        N_("Order No. 281 of the Ministry of Finance of 15 June 2010, chart of accounts"),
        verified=False,
    ),
    "takeover.place0": Hint(
        N_("What the values of this analysis become here: counterparties, materials, programmes."),
        N_("An account that asks for a dimension takes no posting without it."),
    ),
    "takeover.least": Hint(
        N_("How sure a suggestion must be to be taken without looking: 100 is the same code."),
        N_("Those that are less sure stay in the list, each to be decided by a person."),
    ),
    "takeover.reason": Hint(
        N_("Why the two programs differ here: rounding, a correction made on one side, a mistake of the old books."),
        N_("The parallel run ends when every difference is gone or has its reason on record."),
    ),
    "import.file": Hint(
        N_("A table with the columns date, debit, credit and amount; other columns are known by their heads."),
        N_("Each row is checked as if it were typed, and nothing is posted before the whole file was read."),
    ),
}


def hint_of(form: str, field: str) -> Hint | None:
    """The help of a field; of the lines of an entry only the first carries it."""
    parts = field.split(".")
    if parts[0] == "postings":
        if parts[1:2] != ["0"]:
            return None
        parts = ["postings", *parts[2:]]
    return HINTS.get(f"{form}.{'.'.join(parts)}")
