"""The demonstration: the invented oblast of Sarydala, its institutions, people and four years of books.

``institutions.toml`` says who is there, ``story`` what happens to them, ``books`` makes accounts of it, ``loading``
brings them in.  All is deterministic, no clock, no unseeded chance; but what waits on people's desks (``present``).
"""

from qazyna.demonstration.loading import is_loaded, load
from qazyna.demonstration.people import SIGN_INS, SignIn

__all__ = ["SIGN_INS", "SignIn", "is_loaded", "load"]
