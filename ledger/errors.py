"""Refusals of the kernel.  The database raises them by SQLSTATE; this table gives each its name and sentence."""

import json
from typing import Any, ClassVar

from ledger.model import Dimension


class LedgerError(Exception):
    """A refusal with a stable ``code``, a ``template`` to translate and the ``fields`` that fill it."""

    code: ClassVar[str]
    template: ClassVar[str]
    sqlstate: ClassVar[str]

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.template.format(**fields))


class PeriodClosed(LedgerError):
    code, sqlstate = "period-closed", "QZ001"
    template = "The month {month} is closed. Choose a day in an open month, or ask for it to be reopened."


class PostedIsFinal(LedgerError):
    code, sqlstate = "posted-is-final", "QZ002"
    template = "Posted entries never change. Cancel the entry by storno and post the right one."


class KeyReused(LedgerError):
    code, sqlstate = "key-reused", "QZ003"
    template = "This command key was already used for something else. Send the command again with a new key."


class ForeignOrganisation(LedgerError):
    code, sqlstate = "foreign-organisation", "QZ004"
    template = "These are another organisation's books."


class AccountNotPostable(LedgerError):
    code, sqlstate = "account-not-postable", "QZ005"
    template = "Account {account} is a heading. Choose one of its subaccounts."


class DimensionMissing(LedgerError):
    code, sqlstate = "dimension-missing", "QZ006"
    template = "Account {account} needs: {dimensions}."


class DimensionNotPermitted(LedgerError):
    code, sqlstate = "dimension-not-permitted", "QZ007"
    template = "Account {account} is not kept by: {dimensions}. Leave it empty."


class PeriodNotOpened(LedgerError):
    code, sqlstate = "period-not-opened", "QZ008"
    template = "The books are not open for the month {month}. Choose a day in an open month, or open it."


class UnknownSubaccount(LedgerError):
    code, sqlstate = "unknown-subaccount", "QZ009"
    template = "A side of the posting names a subaccount that this organisation does not have."


class AlreadyCorrected(LedgerError):
    code, sqlstate = "already-corrected", "QZ010"
    template = "Entry {number} is already cancelled."


class NotCorrectable(LedgerError):
    code, sqlstate = "not-correctable", "QZ012"
    template = "Entry {number} is itself a correction. Post the right entry anew instead."


class UnknownEntry(LedgerError):
    code, sqlstate = "unknown-entry", "QZ013"
    template = "There is no such entry in these books."


class AccountNotInForce(LedgerError):
    code, sqlstate = "account-not-in-force", "QZ014"
    template = "Account {account} is not in force on {day}."


class NoPostings(LedgerError):
    code, sqlstate = "no-postings", "QZ015"
    template = "The entry has no lines. Add at least one posting."


class YearOutOfRange(LedgerError):
    code, sqlstate = "year-out-of-range", "QZ016"
    template = "The year {year} is out of range; expected 1991 to 2199."


class StornoBeforeEntry(LedgerError):
    code, sqlstate = "storno-before-entry", "QZ017"
    template = "A storno or reversal dated {day} stands before its entry ({entry_day}). Choose that day or a later one."


class SameSides(LedgerError):
    code, sqlstate = "same-sides", "QZ018"
    template = "Debit and credit name the same account with the same dimensions."


class AmountZero(LedgerError):
    code, sqlstate = "amount-zero", "QZ019"
    template = "The amount is zero."


class AmountTooLarge(LedgerError):
    code, sqlstate = "amount-too-large", "22003"
    template = "The amount, or a balance it adds to, is larger than the books can hold."


class OffBalanceMixed(LedgerError):
    code, sqlstate = "off-balance-mixed", "QZ020"
    template = "An off-balance account pairs only with an off-balance account; the other side here is {account}."


class UnknownJournal(LedgerError):
    code, sqlstate = "unknown-journal", "QZ021"
    template = "There is no such journal."


class SnapshotTooOld(LedgerError):
    code, sqlstate = "snapshot-too-old", "QZ022"
    template = "Books are written in transactions of the level READ COMMITTED only."


class EntryDivided(LedgerError):
    code, sqlstate = "entry-divided", "QZ023"
    template = "The lines of one entry name different days, kinds or journals."


class KindNotPosted(LedgerError):
    code, sqlstate = "kind-not-posted", "QZ024"
    template = "An entry of the kind “{kind}” is not posted by itself: cancel an entry, or close the year."


class TooManyPostings(LedgerError):
    code, sqlstate = "too-many-postings", "QZ025"
    template = "The entry has {found} lines; at most {limit} fit into one. Divide it."


class PeriodRestricted(LedgerError):
    code, sqlstate = "period-restricted", "QZ030"
    template = "The month {month} is restricted: only the chief accountant posts into it. Choose an open month."


class YearIsClosed(LedgerError):
    code, sqlstate = "year-closed", "QZ031"
    template = "The year {year} is closed, and {month} with it. Reopen the year first."


class MonthsNotClosed(LedgerError):
    code, sqlstate = "months-not-closed", "QZ032"
    template = "The year {year} cannot be closed yet. Close these months first: {months}."


class EarlierYearOpen(LedgerError):
    code, sqlstate = "earlier-year-open", "QZ033"
    template = "Years are closed in order. Close the year {earlier} before {year}."


class YearAlreadyClosed(LedgerError):
    code, sqlstate = "year-already-closed", "QZ034"
    template = "The year {year} is already closed."


class YearNotClosed(LedgerError):
    code, sqlstate = "year-not-closed", "QZ035"
    template = "The year {year} is not closed."


class LaterYearClosed(LedgerError):
    code, sqlstate = "later-year-closed", "QZ036"
    template = "The year {later} is closed upon {year}. Reopen {later} first."


class RoleAccountMissing(LedgerError):
    code, sqlstate = "role-account-missing", "QZ037"
    template = "The chart of accounts has no account with the role “{role}” in force on {day}. Tell the administrator."


class ClosingNotCorrectable(LedgerError):
    code, sqlstate = "closing-not-correctable", "QZ038"
    template = "Entry {number} closes the year {year}. Reopen the year instead."


class NothingToCorrect(LedgerError):
    code, sqlstate = "nothing-to-correct", "QZ039"
    template = (
        "Entry {number} moved only revenue and expense of the closed year {year}, whose result stays the same."
        " There is nothing to correct."
    )


class ReasonMissing(LedgerError):
    code, sqlstate = "reason-missing", "QZ040"
    template = "Say the reason in a few words."


class NotSealedYet(LedgerError):
    code, sqlstate = "not-sealed-yet", "QZ050"
    template = (
        "What was known at {instant} is not settled yet: the books are sealed up to {sealed_at}. Ask again later."
    )


class CounterBehind(LedgerError):
    code, sqlstate = "counter-behind", "QZ051"
    template = (
        "The server counts its transactions from {found}, but the books are sealed up to {sealed}: they were moved here"
        " without their counter. Nothing is sealed before it is set forward."
    )


class EntryNotSealed(LedgerError):
    code, sqlstate = "entry-not-sealed", "QZ052"
    template = "The entry is not sealed yet, or there is no such entry. Seal first: qazyna seal."


class EventNotSealed(LedgerError):
    code, sqlstate = "event-not-sealed", "QZ056"
    template = "The event is not sealed yet, or there is no such event. Seal first: qazyna seal."


class SealBroken(LedgerError):
    code, sqlstate = "seal-broken", "QZ053"
    template = "What is asked for is not what was sealed in block {block}. Run qazyna verify."


class AnchorDamaged(LedgerError):
    code, sqlstate = "anchor-damaged", "QZ054"
    template = "The anchor {file} cannot be read at line {line}: a block or a leaf was expected."


class AnchorDiffers(LedgerError):
    code, sqlstate = "anchor-differs", "QZ055"
    template = (
        "Block {block} in the anchor {file} is not the one in the database. Nothing was added; run qazyna verify."
    )


class EditionPassed(LedgerError):
    code, sqlstate = "edition-passed", "QZ026"
    template = "The registers were changed just now. Send it again."


class ApprovalNeeded(LedgerError):
    code, sqlstate = "approval-needed", "QZ080"
    template = "Entries of the journal {journal} are approved by a second person. Send the entry for approval."


class PreparedChanged(LedgerError):
    code, sqlstate = "prepared-changed", "QZ081"
    template = "Somebody has acted on this since you opened it. Look at it anew, then decide."


class OwnEntry(LedgerError):
    code, sqlstate = "own-entry", "QZ082"
    template = "Whoever prepared an entry does not approve it. Leave it to a second person."


class JournalNotKept(LedgerError):
    code, sqlstate = "journal-not-kept", "QZ090"
    template = (
        "The accounting policy in force on {day} does not keep the journal {journal}. Choose another journal, or sign"
        " an edition of the policy that keeps it."
    )


class PolicyChanged(LedgerError):
    code, sqlstate = "policy-changed", "QZ091"
    template = "Somebody has acted on this edition of the policy since you opened it. Look at it anew, then decide."


class PolicyOwn(LedgerError):
    code, sqlstate = "policy-own", "QZ092"
    template = "One person does not give both signatures. Leave this one to the head of the institution."


class PolicyBeginsInThePast(LedgerError):
    code, sqlstate = "policy-begins-in-the-past", "QZ093"
    template = (
        "The policy was to begin on {day}, which is no longer ahead. Return it, choose a later day, and propose it"
        " again."
    )


class PolicyDayTaken(LedgerError):
    code, sqlstate = "policy-day-taken", "QZ094"
    template = "An edition that begins on {day} is signed already. Choose a later day."


class NotByTheDoor(LedgerError):
    code, sqlstate = "not-by-the-door", "QZ095"
    template = "Entries and postings come into {table} by the functions of the books alone."


_BY_STATE = {leaf.sqlstate: leaf for leaf in LedgerError.__subclasses__()}
_BY_CONSTRAINT: dict[str, type[LedgerError]] = {
    "ledger_posting_two_sides": SameSides,
    "ledger_posting_amount_not_zero": AmountZero,
    "ledger_number_journal_fkey": UnknownJournal,
}


def from_database(sqlstate: str | None, detail: str | None, constraint: str | None) -> LedgerError | None:
    """The refusal behind a database error; ``None`` where it is not one of ours."""
    leaf = _BY_STATE.get(sqlstate or "") or _BY_CONSTRAINT.get(_parent_constraint(constraint))
    if leaf is None:
        return None
    fields = json.loads(detail) if detail and detail.startswith("{") else {}
    if "dimensions" in fields:
        fields["dimensions"] = [d.slug for d in Dimension(fields["dimensions"])]
    if "month" in fields:
        fields["month"] = fields["month"][:7]
    return leaf(**fields)


def _parent_constraint(name: str | None) -> str:
    return next((c for c in _BY_CONSTRAINT if name and name.startswith(c)), "")
