"""Sending what the outbox holds: at least once, with growing pauses, until it is given up."""

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from socket import SHUT_RDWR, socket
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import Engine

from erp.base import audit
from erp.base.errors import NotFound
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork, run
from erp.reference.mail import queries
from erp.reference.mail.model import DeadLetter, Letter, Outbox

MOST_ATTEMPTS = 10
MOST_COPIES = 3
"""Attempts after which one that the server may have taken is not repeated."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1200.0, 4 * 3600.0  # seconds; all attempts together take about a day
_TIMEOUT = 20.0  # seconds for each step before the letter itself
_BEFORE = 240.0  # seconds after which a letter is not handed over any more
_BODY = 180.0  # seconds for the letter itself; RFC 5321, 4.5.3.2.5
_ANSWER = 600.0  # seconds for the answer to it, a server may look through it first; RFC 5321, 4.5.3.2.6
_NO_ADDRESS = "no address, or the person is blocked"
_NOT_SET_UP = "no mail server is set: QAZYNA_SMTP_URL"


class LoginInClear(smtplib.SMTPException):
    """The server offers no encryption, or somebody on the way withheld the offer."""

    def __init__(self) -> None:
        super().__init__("the mail server offers no encryption: without it the password is not sent")


class FateUnknown(smtplib.SMTPException):
    """The letter was handed over, and no answer came."""

    def __init__(self) -> None:
        super().__init__("the mail server did not say whether it took the letter: it may have arrived")


class _Connection(smtplib.SMTP):
    """Waits long for the answer to a letter, and says where none came."""

    until = float("inf")
    """By the monotonic clock: a letter is not handed over after it."""

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Raises: SMTPDataError, OSError, SMTPServerDisconnected, as long as the letter is not sent; FateUnknown."""
        assert isinstance(msg, bytes), "as send_message has it"
        code, said = self.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, said)
        if monotonic() > self.until:
            self.close()  # all that is said now would be the letter
            raise TimeoutError("the mail server is too slow")
        try:
            self._wait_at_most(_BODY)
            end = b".\r\n" if msg.endswith(b"\r\n") else b"\r\n.\r\n"
            self.send(re.sub(rb"(?m)^\.", b"..", msg) + end)
            self._wait_at_most(_ANSWER)
            answer = self.getreply()
        except (OSError, smtplib.SMTPServerDisconnected) as lost:
            raise FateUnknown() from lost
        self._wait_at_most(_TIMEOUT)
        return answer

    def part(self) -> None:
        """Take leave; what is said to that changes nothing any more."""
        try:
            with suppress(smtplib.SMTPException, OSError):
                self.quit()
        finally:
            self.close()

    def break_off(self) -> None:
        if self.sock is not None:
            with suppress(OSError):
                socket.shutdown(self.sock, SHUT_RDWR)

    def _wait_at_most(self, seconds: float) -> None:
        assert self.sock is not None, "it is connected"
        self.sock.settimeout(seconds)


class _Encrypted(_Connection, smtplib.SMTP_SSL):
    pass


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
    under_way: set[_Connection] = field(default_factory=set, compare=False, repr=False)

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
        """Hand a letter over.

        Raises: OSError, smtplib.SMTPException (LoginInClear, FateUnknown); others, where no letter can be made of the
        message.
        """
        context, until = ssl.create_default_context(), monotonic() + _BEFORE
        if self.encrypted:
            connection: _Connection = _Encrypted(self.host, self.port, timeout=_TIMEOUT, context=context)
        else:
            connection = _Connection(self.host, self.port, timeout=_TIMEOUT)
        connection.until = until
        self.under_way.add(connection)
        try:
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
        finally:
            self.under_way.discard(connection)
            connection.part()

    def break_off(self) -> None:
        """End what is under way, from any thread."""
        for connection in list(self.under_way):
            connection.break_off()


def deliver(
    engine: Engine,
    scope: Scope,
    mail_id: int,
    server: Server | None,
    write: Callable[[Letter, Server], EmailMessage],
    log: Callable[[Exception], str],
) -> None:
    """Send a letter that is due, and note that it is sent, or why not.

    In three steps: claimed, sent while no transaction is open (a slow server would hold up every seal), noted.  A
    claim is the pause until the next attempt too, so whoever is killed in between leaves a letter that is sent again,
    under the same Message-ID.  One that the server may have taken is given up after a few attempts.  One that fails
    by itself, and not for the network or the server, is given up at once; ``log`` keeps why and returns the reference
    it is found under.
    """
    letter = run(
        engine,
        scope,
        lambda u: queries.claim_letter(u.connection, u.scope, mail_id, _FIRST_PAUSE, _LONGEST_PAUSE),
    )
    if letter is None:
        return
    failure = _send(letter, server, write, log)
    if failure is None:
        run(engine, scope, lambda u: queries.mark_sent(u.connection, u.scope, mail_id))
        return
    why, is_final = failure
    for_good = is_final or letter.attempts >= MOST_ATTEMPTS
    run(engine, scope, lambda u: queries.mark_failed(u.connection, u.scope, mail_id, why, for_good=for_good))


def _send(
    letter: Letter,
    server: Server | None,
    write: Callable[[Letter, Server], EmailMessage],
    log: Callable[[Exception], str],
) -> tuple[str, bool] | None:
    """Why it could not be sent, and whether for good; ``None`` where it is sent."""
    if not letter.address:
        return _NO_ADDRESS, True
    if server is None:
        return _NOT_SET_UP, False
    try:
        server.send(write(letter, server))
    except (smtplib.SMTPException, OSError) as failure:
        is_enough = isinstance(failure, FateUnknown) and letter.attempts >= MOST_COPIES
        return _words(failure), is_enough or _is_final(failure)
    except Exception as unforeseen:
        return f"{type(unforeseen).__name__} ({log(unforeseen)})", True
    return None


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
