"""An experiment: what is to be run, written down before anything is run."""

from typing import Literal

import msgspec

from gnomon.spec.errors import BadSpec


class Drive(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One knob in time: piecewise linear between nodes, constant outside them.

    Attributes:
        times: node times, increasing, in the world's time units; 0 is the start of the run.
        values: rows of node values: one row for all units, or one row a unit.
    """

    knob: str
    times: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        if not self.times or any(len(row) != len(self.times) for row in self.values) or not self.values:
            raise BadSpec(
                f"drive of {self.knob!r}: expected rows of {len(self.times)} values, one for each node time"
            )
        if any(b <= a for a, b in zip(self.times, self.times[1:], strict=False)):
            raise BadSpec(f"drive of {self.knob!r}: node times must increase, got {self.times}")

    @staticmethod
    def steady(knob: str, value: float) -> "Drive":
        """A knob held at one value."""
        return Drive(knob=knob, times=(0.0,), values=((float(value),),))

    @staticmethod
    def ramp(knob: str, start: float, end: float, over: float) -> "Drive":
        """A knob that moves from start to end and then stays."""
        return Drive(knob=knob, times=(0.0, float(over)), values=((float(start), float(end)),))


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One run of a truth or a simulator.

    Attributes:
        label: the name under which measures find its runs.
        drives: knobs that are moved; all others stay at their defaults.
        units: independent starts. Inference counts these and nothing else.
        members: ensemble members of each unit (each starts from its own draw of the observation error).
        discard: saved steps that are run and dropped first (adjustment to a forcing).
        steps: saved steps that are kept.
        stride: world steps between two saved steps.
        average: save the mean of the observations over the stride, not the instant at its end.
        starts: "shared": subject and truth start from the same states (forecasts);
            "own": the subject's starts are independent of the truth's (statistics).
        outputs: "obs" for observations; "exponents" for the leading Lyapunov exponents of each unit;
            "timing" for a run that is repeated, warm, and timed.
    """

    label: str
    units: int
    steps: int
    drives: tuple[Drive, ...] = ()
    members: int = 1
    discard: int = 0
    stride: int = 1
    average: bool = False
    starts: Literal["shared", "own"] = "own"
    outputs: tuple[Literal["obs", "exponents", "timing"], ...] = ("obs",)

    def __post_init__(self) -> None:
        for field in ("units", "steps", "members", "stride"):
            if getattr(self, field) < 1:
                raise BadSpec(f"experiment {self.label!r}: {field} must be at least 1")
        for drive in self.drives:
            if len(drive.values) not in (1, self.units):
                raise BadSpec(
                    f"experiment {self.label!r}: drive of {drive.knob!r} has {len(drive.values)} rows; "
                    f"give one row for all units or {self.units}"
                )
