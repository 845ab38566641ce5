"""Sending what the outbox holds: at least once, with growing pauses, until it is given up."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from erp.base import audit
from erp.base.errors import NotFound
from erp.base.uow import UnitOfWork
from erp.reference.mail import queries
from erp.reference.mail.model import DeadLetter, Letter, Outbox

MOST_ATTEMPTS = 15
_FIRST_PAUSE, _LONGEST_PAUSE = 15.0, 4 * 3600.0  # seconds; all attempts together take about a day
_TIMEOUT = 30.0
_NO_ADDRESS = "no address, or the person is blocked"
_NOT_SET_UP = "no mail server is set: QAZYNA_SMTP_URL"


class LoginInClear(smtplib.SMTPException):
    """The server offers no encryption, or somebody on the way withheld the offer."""

    def __init__(self) -> None:
        super().__init__("the mail server offers no encryption: without it the password is not sent")


class LetterUnknown(NotFound):
    code = "letter-unknown"
    template = "There is no such letter among those that were given up."


@dataclass(frozen=True, slots=True)
class Server:
    """Where letters are handed over: ``smtp`` (with STARTTLS where it is offered), or ``smtps``.

    A password is sent only over what is encrypted.
    """

    host: str
    port: int
    encrypted: bool
    user: str | None
    password: str | None
    sender: str

    @classmethod
    def of(cls, url: str, sender: str) -> "Server":
        """From ``smtp://user:password@host:port``.  Raises: ValueError, which tells nothing of the password."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("an address like smtp://mail.example.kz:25 is expected")
        encrypted = parts.scheme == "smtps"
        user, password = (unquote(p) if p else None for p in (parts.username, parts.password))
        if not f"{user}{password}".isascii():
            raise ValueError("user and secret of a mail server are ASCII")  # as smtplib sends them
        return cls(parts.hostname, parts.port or (465 if encrypted else 25), encrypted, user, password, sender)

    def send(self, message: EmailMessage) -> None:
        """Raises: OSError, smtplib.SMTPException (LoginInClear); others, where no letter can be made of the message."""
        context = ssl.create_default_context()
        if self.encrypted:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT, context=context)
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT)
        with connection:
            connection.ehlo()
            is_safe = self.encrypted
            if not is_safe and connection.has_extn("starttls"):
                connection.starttls(context=context)
                connection.ehlo()
                is_safe = True
            if self.user:
                if not is_safe:
                    raise LoginInClear()
                connection.login(self.user, self.password or "")
            connection.send_message(message)


def deliver(
    uow: UnitOfWork,
    mail_id: int,
    server: Server | None,
    write: Callable[[Letter, Server], EmailMessage],
    log: Callable[[Exception], str],
) -> None:
    """Send a letter that is due, and note that it is sent; or why not, and when it is tried again.

    Killed between the two, it is sent again, under the same Message-ID.  One that fails by itself, and not for the
    network or the server, is given up at once; ``log`` keeps why and returns the reference it is found under.
    """
    letter = queries.lock_letter(uow.connection, uow.scope, mail_id)
    if letter is None:
        return
    if not letter.address:
        queries.give_up(uow.connection, uow.scope, mail_id, _NO_ADDRESS)
        return
    if server is None:
        _put_off(uow, letter, _NOT_SET_UP)
        return
    try:
        server.send(write(letter, server))
    except (smtplib.SMTPException, OSError) as failure:
        if _is_final(failure):
            queries.give_up(uow.connection, uow.scope, mail_id, _words(failure))
        else:
            _put_off(uow, letter, _words(failure))
    except Exception as unforeseen:
        queries.give_up(uow.connection, uow.scope, mail_id, f"{type(unforeseen).__name__} ({log(unforeseen)})")
    else:
        queries.mark_sent(uow.connection, uow.scope, mail_id)


def pause(attempts: int) -> float:
    """Seconds until the next attempt, after that many."""
    return min(_FIRST_PAUSE * 2.0**attempts, _LONGEST_PAUSE)


def outbox(uow: UnitOfWork) -> Outbox:
    return queries.outbox(uow.connection, uow.scope)


def dead_letters(uow: UnitOfWork, limit: int) -> list[DeadLetter]:
    """Letters that were given up, the newest first."""
    return queries.dead_letters(uow.connection, uow.scope, limit)


def revive(uow: UnitOfWork, mail_id: int) -> None:
    """Have a letter that was given up tried anew.  Raises: LetterUnknown."""
    if not queries.revive(uow.connection, uow.scope, mail_id):
        raise LetterUnknown()
    audit.record(uow.connection, uow.scope, "letter-revived", f"mail:{mail_id}")


def _put_off(uow: UnitOfWork, letter: Letter, why: str) -> None:
    if letter.attempts + 1 >= MOST_ATTEMPTS:
        queries.give_up(uow.connection, uow.scope, letter.id, why)
    else:
        queries.put_off(uow.connection, uow.scope, letter.id, why, pause(letter.attempts))


def _is_final(failure: Exception) -> bool:
    """Whether the server refuses this letter for good; trouble with the server itself passes."""
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in failure.recipients.values())
    if isinstance(failure, (smtplib.SMTPSenderRefused, smtplib.SMTPDataError)):
        return failure.smtp_code >= 500
    return isinstance(failure, smtplib.SMTPNotSupportedError)


def _words(failure: Exception) -> str:
    """What the server said, cut to what a list shows."""
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        said = "; ".join(f"{code} {_text(words)}" for code, words in failure.recipients.values())
    elif isinstance(failure, smtplib.SMTPResponseException):
        said = f"{failure.smtp_code} {_text(failure.smtp_error)}"
    else:
        said = getattr(failure, "strerror", None) or str(failure) or type(failure).__name__
    return said.replace("\0", "")[:300]


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
