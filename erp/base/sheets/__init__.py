"""Tables made elsewhere: a workbook, a CSV file or a block from the clipboard as rows of cells with their places."""
