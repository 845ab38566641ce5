"""Tables from Excel, a file or the clipboard, taken in as checked drafts: nothing is booked before it is accepted."""
