"""Relaxation: how a run is drawn towards the truth's own trajectory in a part of what is observed; plain data."""

from typing import Any, Literal

import msgspec

from gnomon.spec.errors import BadSpec

DECLARED = "relaxed"  # under this key a trial declares label -> relaxation (as plain data)
ERROR, TRUE = (
    "error ",
    "true ",
)  # a relaxed run gives `error x` (forecast minus truth), and `true x` where asked


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of what is observed of a world.

    Attributes:
        name: what a person calls it.
        variables: in it; empty for all.
        axis: what bounds it: "" for nothing, "lat" for degrees of latitude, "last" for places along the last axis.
        low: the first latitude or place that belongs to it.
        high: the end: latitudes below it (90 belongs to the part that ends there), places before it.
    """

    name: str
    variables: tuple[str, ...] = ()
    axis: Literal["", "lat", "last"] = ""
    low: float = 0.0
    high: float = 0.0


class Relaxation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One intervention in a run.

    Attributes:
        part: that is drawn towards the truth; None for nowhere (the run is then restarted like the others, from what it
            says itself).
        weight: the share of the gap that is closed after every saved step; 1 puts the truth in its place.
        told: whether the truth is kept beside the error.
    """

    part: Part | None
    weight: float
    told: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1:
            raise BadSpec(f"a relaxation closes a share of the gap in (0, 1], got {self.weight:g}")


def plain(relaxation: Relaxation) -> dict[str, Any]:
    """As a trial declares it."""
    return msgspec.to_builtins(relaxation)


def read(declared: Any) -> Relaxation:
    """The inverse of `plain`."""
    return msgspec.convert(declared, Relaxation)
