"""Dated registers that all contexts cite: organisations, people's rights, classification, counterparties."""
