"""A stand-in for NCALayer: a socket on this machine that greets, is asked to sign, and answers as the real one does.

Only as much of RFC 6455 as one browser needs: text frames, short and long.
"""

import json
import socket
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from threading import Thread
from typing import Any

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE = 1, 8


@dataclass
class Ncalayer:
    """What was asked for; ``signs`` makes a container, or ``None``: the person pressed Cancel."""

    address: str
    signs: Callable[[bytes], bytes | None]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        container = self.signs(b64decode(request["args"]["data"]))
        if container is None:
            return {"status": False, "code": "USER_CANCELED", "message": "Отменено пользователем"}
        return {"status": True, "body": {"result": [b64encode(container).decode()]}}


@contextmanager
def ncalayer(signs: Callable[[bytes], bytes | None]) -> Iterator[Ncalayer]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        standing_in = Ncalayer(f"ws://127.0.0.1:{listener.getsockname()[1]}", signs)
        Thread(target=_serve, args=(listener, standing_in), daemon=True).start()
        yield standing_in


def _serve(listener: socket.socket, standing_in: Ncalayer) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed: the test is over
            return
        with connection:
            _talk(connection, standing_in)


def _talk(connection: socket.socket, standing_in: Ncalayer) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(4096)
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    (key,) = (said.strip() for name, _, said in lines if name.lower() == b"sec-websocket-key")
    accept = b64encode(sha1(key + _MAGIC).digest())  # noqa: S324
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    _send(connection, {"result": {"version": "1.3"}})
    while (asked := _receive(connection)) is not None:
        _send(connection, standing_in.answer(json.loads(asked)))


def _send(connection: socket.socket, said: dict[str, Any]) -> None:
    data = json.dumps(said, ensure_ascii=False).encode()
    length = struct.pack("!B", len(data)) if len(data) < 126 else struct.pack("!BH", 126, len(data))
    connection.sendall(bytes([0x80 | _TEXT]) + length + data)


def _receive(connection: socket.socket) -> bytes | None:
    """The next text; ``None`` when the browser leaves."""
    head = _exactly(connection, 2)
    if len(head) < 2 or head[0] & 0x0F == _CLOSE:
        return None
    length = head[1] & 0x7F
    if length >= 126:
        length = int.from_bytes(_exactly(connection, 2 if length == 126 else 8), "big")
    mask, data = _exactly(connection, 4), _exactly(connection, length)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length and (more := connection.recv(length - len(data))):
        data += more
    return data
