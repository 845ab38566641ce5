"""Notifications as letters, in the language of who gets them."""

from email.message import EmailMessage
from email.utils import format_datetime

from erp.base.i18n import N_, Language
from erp.reference.mail.model import Letter
from erp.reference.mail.service import Server
from erp.reference.notifications.model import SENTENCES, NotificationKind
from web.i18n import speech

_END = N_(
    "Open Qazyna to see it. You get this letter because you asked to be notified by mail; it can be switched off on the"
    " page of notifications."
)


def write(letter: Letter, server: Server) -> EmailMessage:
    """The letter as it is sent; its Message-ID is the same each time."""
    say = speech(Language(letter.language))
    facts = {**letter.facts, "actor": letter.actor or say("The program")}
    sentence = " ".join(say(SENTENCES[NotificationKind(letter.kind)], **facts).split())
    message = EmailMessage()
    message["Message-ID"] = f"<{letter.message_id}@{server.sender.rpartition('@')[2]}>"
    message["Date"] = format_datetime(letter.at)
    message["From"] = server.sender
    message["To"] = letter.address
    message["Subject"] = sentence[:150]
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{letter.name}!\n\n{sentence}\n\n-- \n{say(_END)}\n")
    message["Content-Language"] = letter.language
    return message
