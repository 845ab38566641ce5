"""Why a table cannot be read."""

from erp.base.errors import RuleViolated
from erp.base.i18n import N_


class FileUnreadable(RuleViolated):
    code = "file-unreadable"
    template = N_("The file {file} cannot be read: {reason}. Expected: CSV text (UTF-8 or Windows), xlsx, xls or ods.")


class FileDamaged(FileUnreadable):
    code = "file-damaged"
    template = N_(
        "The file {file} is damaged or locked with a password. Open it in the program that made it, save it anew"
        " without a password and bring it again."
    )


class FileOfAnotherKind(FileUnreadable):
    code = "file-of-another-kind"
    template = N_(
        "The content of {file} is not what its name says: it is no table. Choose a file of CSV text, xlsx, xls or ods."
    )


class TableTooHeavy(RuleViolated):
    code = "table-too-heavy"
    template = N_(
        "The table {file} is too large to be opened here. Leave only the rows you need, or bring it in parts."
    )


class TableTooLarge(RuleViolated):
    code = "table-too-large"
    template = N_(
        "The table {file} is larger than {rows} rows of {columns} columns. Leave only the rows you need, or bring it"
        " in parts."
    )


class TableEmpty(RuleViolated):
    code = "table-empty"
    template = N_("There is nothing in {file}. Copy the cells, or choose another file.")


class QuotesUnpaired(RuleViolated):
    code = "quotes-unpaired"
    template = N_("The quotation marks in {file} do not pair: look at line {line}. Nothing was read.")


class RowAgain(RuleViolated):
    code = "row-again"
    template = N_("Row {row} says this already. Leave one of the two out.")


class NothingGood(RuleViolated):
    code = "no-good-rows"
    template = N_("There is no row that could be taken over.")
