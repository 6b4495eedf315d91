"""What the trials ask of files: the experiments they look for under which labels, and the criteria of AIMIP.

Files cannot be asked for an experiment: it is there or it is not. So on the rung "archive" a trial has no orders to
give (its `design` is for worlds that run), only labels for what may be found.
"""

from collections.abc import Mapping

ASKED: Mapping[str, tuple[str, ...]] = {
    "climate": ("free", "daily"),
    "response": ("free",),
    "shift": ("control", "shift+2", "shift+3", "shift+4"),
}
"""Trial -> labels of the runs it looks at: "free" and "control" are months of the baseline, "daily" its days,
"shift+k" the months of a run over a sea k degrees warmer."""

CRITERIA: Mapping[str, tuple[str, ...]] = {
    "climate": ("aimip_e1", "aimip_e4"),
    "response": ("aimip_e3", "aimip_e2"),
    "shift": ("aimip_e5",),
}
"""Trial -> the measures asked on the rung "archive", the headline first."""


def offset_of(label: str) -> float | None:
    """The warming in K that a label names; None for one that names none."""
    return float(label.removeprefix("shift")) if label.startswith("shift") else None


def distance_of(offset: float) -> float:
    """How far a warming lies beyond what a model of the present may have seen, in ranges of 2 K (from -1 to 1 K)."""
    return (offset - 1.0) / 2.0
