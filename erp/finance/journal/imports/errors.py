"""Why a file, or a row of it, is refused."""

from erp.base.errors import Conflict, RuleViolated
from erp.base.i18n import N_
from erp.base.sheets.errors import FileUnreadable as FileUnreadable
from erp.finance.journal.imports.model import Refusals, RefusedRow


class HeadingsNotFound(RuleViolated):
    code = "headings-not-found"
    template = N_(
        "No heading row in the first {searched} rows of {file}: one row must name the columns date, debit, credit"
        " and amount. Not found: {missing}."
    )


class HeadingTwice(RuleViolated):
    code = "heading-twice"
    template = N_("The columns “{first}” and “{second}” mean the same. Rename or remove one of them.")


class FileAlreadyImported(Conflict):
    code = "file-already-imported"
    template = N_("The file {file} was imported on {on}. Nothing was posted this time.")


class FileRepeats(Conflict):
    code = "file-repeats"
    template = N_(
        "The file {file} repeats {found} entries that were posted from {other} on {on}. Nothing was posted. Import the"
        " file with the rows that were left out then."
    )


class RestNotWritten(RuleViolated):
    code = "rest-not-written"
    template = N_("The rows left out cannot be written to {file}: {reason}. Nothing was posted.")


class NothingToImport(RuleViolated):
    code = "nothing-to-import"
    template = N_("The file {file} has headings but no rows to post.")


class ImportRefused(RuleViolated):
    """Some rows are refused and nothing is posted; ``refused`` holds the first of them."""

    code = "import-refused"
    template = N_("Nothing was imported from {file}. Rows refused: {rows}; faults in them: {faults}.")

    def __init__(self, file: str, refusals: Refusals) -> None:
        super().__init__(file=file, rows=refusals.rows, faults=len(refusals))
        self.refused: tuple[RefusedRow, ...] = tuple(refusals.first)
        self.refusals = refusals


class ImportNotTied(Conflict):
    code = "import-not-tied"
    template = N_(
        "What the ledger would hold differs from the file: {what}, file {expected}, ledger {found}."
        " Nothing was posted; report this as a fault of the program."
    )


class LineBroken(RuleViolated):
    code = "line-broken"
    template = N_("The quotation marks do not pair here ({reason}), so the rest of the file was not read.")


class LineTooWide(RuleViolated):
    code = "line-too-wide"
    template = N_(
        "The row has {found} cells under {expected} headings. Put cells that hold the delimiter, such as a decimal"
        " comma, in quotation marks."
    )


class CellEmpty(RuleViolated):
    code = "cell-empty"
    template = N_("This cell is empty; a posting needs it.")


class TextTooLong(RuleViolated):
    code = "text-too-long"
    template = N_("The text has {found} characters; at most {limit} are kept.")


class DimensionNotGiven(RuleViolated):
    code = "dimension-not-given"
    template = N_("Account {account} is kept by {dimension}; the row does not name it.")


class ValueNotRegistered(RuleViolated):
    code = "value-not-registered"
    template = N_("“{value}” is not in the register on {day}. Register it first, or mend the row.")


class EntryTooLong(RuleViolated):
    code = "entry-too-long"
    template = N_("More than {limit} rows in a row carry the number {number}. An entry holds at most {limit} postings.")


class TotalDiffers(RuleViolated):
    code = "total-differs"
    template = N_("The totals row says {found}; the rows above it add up to {expected}.")
