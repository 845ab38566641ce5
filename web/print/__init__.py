"""Papers: typst sheets, and the processes that typeset them."""
