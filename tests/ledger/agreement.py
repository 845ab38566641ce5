"""What must hold in every organisation's books at every instant: the kernel's own checks."""

from ledger.checks import disagreements

__all__ = ["disagreements"]
