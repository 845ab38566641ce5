"""The command line and the running program: the composition root above ``web``."""
