"""The double-entry kernel: accounts, opaque dimension codes, organisations as integers, days and tiyn."""
