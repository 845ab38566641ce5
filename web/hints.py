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
