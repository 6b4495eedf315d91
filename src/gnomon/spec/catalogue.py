"""Which systems the catalogue of flows holds: the files of its folder, read without importing them."""

import functools
import re
from pathlib import Path

from gnomon.spec.entry import Entry

PACKAGE = "gnomon.worlds.flow.catalogue"
FOLDER = Path(__file__).resolve().parent.parent / "worlds" / "flow" / "catalogue"
CLASS = re.compile(r"^class (\w+)\(", re.MULTILINE)


@functools.cache
def systems() -> dict[str, Entry]:
    """Name -> where it lives, of every system: one file each, its first line says what it is."""
    found = {}
    for path in sorted(FOLDER.glob("[!_]*.py")):
        text = path.read_text(encoding="utf-8")
        named = CLASS.search(text)
        if named is not None:
            summary = text.partition("\n")[0].strip(' "').rstrip(".")
            found[path.stem] = Entry(f"{PACKAGE}.{path.stem}:{named[1]}", summary)
    return found
