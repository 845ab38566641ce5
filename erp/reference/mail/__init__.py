"""The outbox: letters written in the transaction and sent by the worker."""
