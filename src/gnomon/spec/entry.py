"""A line of the registry."""

from typing import NamedTuple


class Entry(NamedTuple):
    """Where a thing lives and, in one line, what it is."""

    target: str
    summary: str
