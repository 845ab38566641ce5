"""Journals made elsewhere: a CSV file or a spreadsheet, checked whole and posted whole."""
