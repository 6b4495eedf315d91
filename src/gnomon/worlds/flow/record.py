"""What has been computed about the systems of the catalogue: one reviewable file, written by `validation/`."""

import functools
from pathlib import Path

import msgspec

from gnomon.spec.cards import Fact
from gnomon.spec.errors import BadSpec


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a world needs to know about its own system before it can be run.

    Attributes:
        dt: time between two observations, about a thirtieth of a period.
        substeps: integration steps in each `dt`, with which one `dt` is right to a millionth of the spread.
        timescale: one Lyapunov time; ten periods where no exponent is positive.
        spinup: time after which a state from `init` counts as on the attractor.
        low: lower end of the training range of the system's own knob.
        high: its upper end.
        spread: standard deviation of every component on the attractor (a quarter of the period for an angle).
        imperfect: the parameter that the imperfect twin has wrong, and its value there.
        facts: all else.
    """

    dt: float
    substeps: int
    timescale: float
    spinup: float
    low: float
    high: float
    spread: dict[str, float]
    imperfect: dict[str, float] = {}
    facts: tuple[Fact, ...] = ()


FILE = Path(__file__).with_name("catalogue.json")


@functools.cache
def records() -> dict[str, Record]:
    """Name -> record of every system in the file."""
    if not FILE.exists():
        return {}
    try:
        return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Record])
    except msgspec.DecodeError as error:
        raise BadSpec(
            f"{FILE.name}: {error}; `python -m validation.catalogue --write` makes it again"
        ) from None


def record_of(name: str) -> Record | None:
    """The record of a system; None where it has not been computed."""
    return records().get(name)
