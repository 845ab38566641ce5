"""``python -m qazyna`` is the command line."""

from qazyna.cli import main

main()
