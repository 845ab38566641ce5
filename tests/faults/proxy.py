"""Stands between a program and PostgreSQL, passes everything on, and breaks the connection where it is told to."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, quote, urlsplit

from tests.factories.patience import PATIENCE

_SOCKET = ".s.PGSQL.5432"


@dataclass
class Cut:
    """Where to break, once: counted over the connections made since it was set."""

    at: Callable[[int, bytes], bool] | None = None
    """Told the number, from 1, and the content of each message to the server: whether this is the one."""
    before: bool = False
    """Break before that message is passed on, instead of when it was and its answer was not."""
    to_server: int | None = None
    to_client: int | None = None
    """Or break after so many bytes of a direction."""
    for_good: bool = False
    """Let nobody through any more once it was made."""
    settle: bool = False
    """Let nobody through until the server is done with what it was given, so that no second attempt overtakes it."""
    messages: int = 0
    sent: int = 0
    answered: int = 0
    was_made: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    settled: threading.Event = field(default_factory=threading.Event)

    def await_settled(self) -> None:
        if self.was_made and self.settle:
            assert self.settled.wait(PATIENCE)


class Proxy:
    """Listens on a socket of its own in ``folder`` for clients of the server at ``url`` (any form)."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._server = Path(parse_qs(urlsplit(url).query)["host"][0], _SOCKET)
        self.cut = Cut()

    def __enter__(self) -> Self:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / _SOCKET))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def url(self) -> str:
        """The address that leads through here."""
        return self._url.partition("?")[0] + f"?host={quote(str(self._folder), safe='')}&port=5432"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.cut.await_settled()
            if self.cut.was_made and self.cut.for_good:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            way = _Way(client, server, self.cut)
            for pump in (way.forward, way.back):
                threading.Thread(target=pump, daemon=True).start()


class _Way:
    """One connection; once broken, the client hears nothing more and the server is asked nothing more."""

    def __init__(self, client: socket.socket, server: socket.socket, cut: Cut) -> None:
        self._client, self._server, self._cut = client, server, cut
        self._broken = False

    def forward(self) -> None:
        cut = self._cut
        with suppress(OSError):
            for message in _messages(self._client):
                with cut.lock:
                    cut.messages += 1
                    chosen = not cut.was_made and cut.at is not None and cut.at(cut.messages, message)
                    passed = 0 if chosen and cut.before else self._passed(len(message), cut.to_server, cut.sent)
                    cut.sent += len(message)
                    self._break_if(chosen or passed < len(message))
                self._server.sendall(message[:passed])
                if self._broken:
                    break
        _hang_up(self._client, socket.SHUT_RDWR)
        _hang_up(self._server, socket.SHUT_WR)  # what was passed on is still read there, and answered to nobody

    def back(self) -> None:
        cut = self._cut
        with suppress(OSError):
            while answer := self._server.recv(1 << 16):
                with cut.lock:
                    passed = 0 if self._broken else self._passed(len(answer), cut.to_client, cut.answered)
                    cut.answered += len(answer)
                    self._break_if(passed < len(answer))
                with suppress(OSError):
                    self._client.sendall(answer[:passed])
                if self._broken:
                    _hang_up(self._client, socket.SHUT_RDWR)
        _hang_up(self._client, socket.SHUT_RDWR)
        self._server.close()
        self._client.close()
        if self._broken:
            cut.settled.set()

    def _passed(self, length: int, limit: int | None, before: int) -> int:
        return length if limit is None or self._cut.was_made else max(0, min(length, limit - before))

    def _break_if(self, broken: bool) -> None:
        self._broken |= broken
        self._cut.was_made |= broken


def _messages(client: socket.socket) -> Iterator[bytes]:
    """Messages of the frontend protocol, whole; the first has no type byte."""
    buffer, head = b"", 0
    while received := client.recv(1 << 16):
        buffer += received
        while len(buffer) >= head + 4:
            length = head + struct.unpack_from("!I", buffer, head)[0]
            if len(buffer) < length:
                break
            yield buffer[:length]
            buffer, head = buffer[length:], 1


def _hang_up(end: socket.socket, how: int) -> None:
    with suppress(OSError):
        end.shutdown(how)
