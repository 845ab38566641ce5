"""What was meant by keys pressed under another keyboard layout: ``йфянтф`` is ``qazyna``, ``0азына`` is ``қазына``."""

from enum import Enum
from itertools import permutations


class Layout(Enum):
    """The characters of a keyboard's 47 printing keys, in one order: plain, then with Shift.

    Source: Windows keyboards “US”, “Russian”, “Kazakh” (KBDUS, KBDRU, KBDKAZ), the ones sold in Kazakhstan.
    """

    LATIN = (
        r"`1234567890-=qwertyuiop[]\asdfghjkl;'zxcvbnm,./"
        r'~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?'
    )
    RUSSIAN = (
        r"ё1234567890-=йцукенгшщзхъ\фывапролджэячсмитьбю."
        r'Ё!"№;%:?*()_+ЙЦУКЕНГШЩЗХЪ/ФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,'
    )
    KAZAKH = (
        r'("әіңғ,.үұқөһйцукенгшщзхъ\фывапролджэячсмитьбю№'
        r")!ӘІҢҒ;:ҮҰҚӨҺЙЦУКЕНГШЩЗХЪ/ФЫВАПРОЛДЖЭЯЧСМИТЬБЮ?"
    )


_AS_IF = {pair: str.maketrans(pair[0].value, pair[1].value) for pair in permutations(Layout, 2)}


def retyped(text: str, typed: Layout, meant: Layout) -> str:
    """What the same keys make under ``meant``; what no key of ``typed`` makes stays as it is."""
    return text if typed is meant else text.translate(_AS_IF[typed, meant])


def readings(text: str) -> tuple[str, ...]:
    """The text as it stands, then each other one that the same keys would have made.

    Only where all its letters are of one layout, and there are any: a number is a number.
    """
    letters = {character for character in text if character.isalpha()}
    others = [retyped(text, *pair) for pair in _AS_IF if letters and letters <= set(pair[0].value)]
    return tuple(dict.fromkeys([text, *others]))
