"""The command line and the running program: the composition root above ``web``."""

__version__ = "0.1.0"
