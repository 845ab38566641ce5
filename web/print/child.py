"""The process that typesets one paper: it knows nothing of the program, and is over with it.

``argv``: the sheet, the folder of the fonts, when the paper was made, whether it is tagged for readers by ear, and how
much memory may be taken, in octets.  The data is on the standard input, the PDF comes out on the standard output.
"""

import resource
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory


def main(sheet: str, fonts: str, made_at: str, tags: str, memory: str) -> None:
    import typst  # which the program itself has no use for

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), most))
    with suppress(OSError):  # where memory runs out, a paper ends before a database does
        Path("/proc/self/oom_score_adj").write_text("1000")
    letters = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[fonts])
    with TemporaryDirectory() as folder:  # holds all that a sheet can read
        for each in Path(sheet).parent.glob("*.typ"):
            copy(each, folder)
        data = Path(folder, "data.json")
        data.write_bytes(sys.stdin.buffer.read())
        paper = typst.compile(
            data.with_name(Path(sheet).name),
            root=data.parent,
            font_paths=letters,
            timestamp=datetime.fromisoformat(made_at),
            pdf_tags=tags == "tagged",
        )
    sys.stdout.buffer.write(paper)


if __name__ == "__main__":
    main(*sys.argv[1:])
