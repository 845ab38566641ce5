"""Tables: one noun that pages, spreadsheets and CSV files are made from alike."""
