"""A writer: sends commands one after another until it is told to stop, and survives its own death by its diary."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from random import Random

from sqlalchemy.exc import OperationalError

from erp.base.db import make_engine
from ledger import seals
from tests.faults.commands import (
    Caller,
    Hands,
    Improper,
    Json,
    Place,
    Refused,
    Unclear,
    Worker,
    draw,
    draw_month,
    draw_storno,
)
from tests.faults.diary import Diary, History

PAUSE = 0.02  # seconds of rest before looking whether there is something to do
AGAIN = 0.1  # seconds between tries; eight who try at once take the processors from the program that starts
OFTEN = {"entry": 6, "entries": 3, "batch": 1, "storno": 2}
ENOUGH = 2  # answers since a kill; the first may have been under way
CALM, STOP = "calm", "stop"  # files: who has enough answers since the instant in it begins nothing new; all end


def write(folder: Path, number: int, seed: int, place: Place) -> None:
    """Send and retry until the file ``stop`` is there and nothing is left unanswered."""
    diary = Diary(folder / f"writer-{number}.diary")
    hands: Hands = Caller(place) if number >= 5 else Worker(place)
    while True:
        pending = diary.history.pending
        if pending is not None:
            command = pending.command
        elif (folder / STOP).exists():
            return
        elif _may_rest(folder, diary.history):
            time.sleep(PAUSE)
            continue
        else:
            command = _next(diary.history, hands, number, seed, place)
            diary.write("sent", command["key"], command)
        if not send(diary, hands, command):
            time.sleep(AGAIN)


def _may_rest(folder: Path, history: History) -> bool:
    """Whoever was answered leaves the processors to those who still wait."""
    try:
        since = float((folder / CALM).read_text())
    except FileNotFoundError:
        return False
    return len(history.answered_since(since)) >= ENOUGH


def keep_sealing(folder: Path, place: Place) -> None:
    """Seal what the writers write, all the time."""
    engine = make_engine(place.database, pool=1)
    while not (folder / STOP).exists():
        with suppress(OperationalError), engine.begin() as connection:  # where the server is away, it is sealed later
            seals.seal(connection)
        time.sleep(AGAIN)


def send(diary: Diary, hands: Hands, command: Json) -> bool:
    """One attempt; ``False`` where it has to be made again.  What was acknowledged is now and then sent once more."""
    key = command["key"]
    try:
        answer = hands.send(command)
    except Unclear as lost:
        diary.write("unclear", key, str(lost))
        return False
    except Refused as refusal:
        diary.write("refused", key, str(refusal))
        return True
    except Improper as fault:
        diary.write("fault", key, f"{command['kind']}: {fault}")
        time.sleep(1)
        return False
    diary.write("placed", key, answer)
    if command["kind"] != "month" and key.endswith(("0", "8")):
        _send_again(diary, hands, command)
    return True


def _send_again(diary: Diary, hands: Hands, command: Json) -> None:
    """The second answer must be the first one, whatever happened since."""
    first = diary.history.sent[command["key"]].placed
    try:
        second, is_new = hands.send(command)
    except Unclear as lost:
        diary.write("unclear", command["key"], str(lost))
    except (Refused, Improper) as other:
        diary.write("fault", command["key"], f"{command['kind']} acknowledged, then sent again: {other}")
    else:
        if is_new or second != first:
            diary.write(
                "fault", command["key"], f"{command['kind']} acknowledged as {first}, then as {second}, {is_new}"
            )


def _next(history: History, hands: Hands, number: int, seed: int, place: Place) -> Json:
    """The command that follows a history: the same one after the same history."""
    random = Random(f"{seed} {number} {len(history.sent)}")  # noqa: S311
    name = f"{number}-{len(history.sent)}"
    if number == 0 and random.random() < (0.3 if history.closed else 0.03):
        return draw_month(random, name, place.organisations[0], closed=history.closed)
    kind = random.choices(hands.kinds, [OFTEN[k] for k in hands.kinds])[0]
    if kind == "storno":
        if history.standing:
            sent = history.sent[random.choice(history.standing)]
            assert sent.placed is not None
            return draw_storno(random, name, sent.command, sent.placed[0][0])
        kind = "entry"
    return draw(random, kind, name, place.organisations)
