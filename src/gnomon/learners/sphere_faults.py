"""Planted faults of an atmosphere, each of a size that is stated: in the output, in the response, in the dynamics."""

import re
from typing import Any, ClassVar

import msgspec
import numpy as np

from gnomon.core.faults import AbstractResponseFault, AbstractWorldFault
from gnomon.core.learner import AbstractControl
from gnomon.core.runs import Runs
from gnomon.numerics.sphere.dilation import widened
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Drive, Experiment

YEAR = 365.25  # days
WAVES_FROM = (20.0, 30.0)  # degrees of latitude between which the displacement sets in
LEVEL = re.compile(r"^(?:ta|ua|va|hus|zg)(\d+)$")


class WideCyclones(AbstractControl):
    """Lows of sea-level pressure that are wider by the share `size`; their depth and place are right.

    Every map of `psl` is drawn outwards around its lows (see `numerics.sphere.dilation`): within 12 degrees of a
    centre all distances grow by the factor 1 + size, beyond 24 degrees nothing moves. No other field is touched.

    What misleads: the half-anomaly radius of `measures.cyclones.size` takes its surroundings at 10 to 15 degrees, which
    come nearer to the low as it widens. Lows drawn out by 30 % are 17 to 21 % wider by that radius, and shallower.
    Coarser than T31 no cyclone is judged at all.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    size: float = 0.3

    def __check_init__(self):
        if not 0 <= self.size <= 0.9:
            raise BadSpec(f"wide_cyclones: size must lie between 0 and 0.9, got {self.size}")

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """The world is run as ordered."""
        return experiment

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """The same runs with wider lows."""
        if card.grid is None or "psl" not in runs.obs:
            return runs
        lat, lon = np.array(card.grid.lat), np.array(card.grid.lon)
        x = runs.obs["psl"]
        good = np.isfinite(x).all(axis=(-2, -1))
        wide = np.array(x)
        wide[good] = widened(x[good], lat, lon, 1 + self.size)
        return _with(runs, {"psl": wide})


class LeakingMass(AbstractControl):
    """Air that leaks: surface and sea-level pressure fall by `size` hPa a year, everywhere alike."""

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    size: float = 10.0

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """The world is run as ordered."""
        return experiment

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """The same runs with pressure falling from the start on."""
        lost = (100 * self.size * np.asarray(runs.time, float) / YEAR).astype(np.float32)
        return _with(runs, {k: runs.obs[k] - lost[:, None, None] for k in ("ps", "psl") if k in runs.obs})


class ShiftedWave(AbstractResponseFault):
    """A wave train in the wrong place: poleward of 20 to 30 degrees the response is turned eastward by `size` degrees.

    The change of each run's time mean from its control's, R, becomes R turned about the Earth's axis (by Fourier
    series along each latitude, so that no grid point matters). Weather and the tropics are left alone. All fields are
    turned.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    size: float = 20.0

    def alter_response(self, runs: Runs, control: Runs, card: WorldCard) -> Runs:
        """See `AbstractResponseFault.alter_response`."""
        if card.grid is None:
            return runs
        low, high = WAVES_FROM
        share = np.clip((np.abs(np.array(card.grid.lat)) - low) / (high - low), 0, 1)[:, None]
        out = {}
        for name, x in runs.obs.items():
            if x.shape[-2:] != (len(card.grid.lat), len(card.grid.lon)):
                continue
            change = x.mean(axis=2, keepdims=True) - control.obs[name].mean(axis=2, keepdims=True)
            out[name] = (x + share * (turned(change, self.size) - change)).astype(x.dtype)
        return _with(runs, out)


class DeafUpperLevels(AbstractResponseFault):
    """Levels above `above` hPa that do not respond: they show the unforced weather of the next unit's control.

    Of another unit, so that the response there is noise about nought, as of a model that does not respond, and not
    nought exactly. A single unit shows its own control.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    above: float = 300.0

    def alter_response(self, runs: Runs, control: Runs, card: WorldCard) -> Runs:
        """See `AbstractResponseFault.alter_response`."""
        upper = [k for k in runs.obs if (m := LEVEL.match(k)) and float(m.group(1)) < self.above]
        units = len(runs.diverged)
        return _with(runs, {k: np.roll(control.obs[k][:units], -1, axis=0) for k in upper})


class Saturating(AbstractControl):
    """A response that saturates: beyond the first step of the ladder only the share 1 - size of the forcing is felt.

    The knob of `response`, moved by a from its default, acts as sign(a) (s + (1 - size) (|a| - s)) for |a| above the
    first step s. With size 0.8 the double forcing acts as 1.2 times the single one.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    size: float = 0.8

    def __check_init__(self):
        if not 0 <= self.size < 1:
            raise BadSpec(f"saturating: size must be at least 0 and below 1, got {self.size}")

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """The same experiment with the forcing compressed."""
        knob = card.turned_by("response")
        drives = tuple(
            Drive(
                knob=d.knob,
                times=d.times,
                values=tuple(tuple(float(v) for v in self._felt(np.array(row), card)) for row in d.values),
            )
            if d.knob == knob.name
            else d
            for d in experiment.drives
        )
        return msgspec.structs.replace(experiment, drives=drives)

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """What was run is shown, under the forcing that was ordered."""
        knob = card.turned_by("response")
        if knob.name not in runs.forcing:
            return runs
        a = runs.forcing[knob.name] - knob.default
        s = _first_step(card)
        asked = np.sign(a) * (s + (np.abs(a) - s) / (1 - self.size))
        shown = knob.default + np.where(np.abs(a) > s, asked, a)
        return runs._replace(forcing=runs.forcing | {knob.name: shown})

    def _felt(self, value: np.ndarray, card: WorldCard) -> np.ndarray:
        default, s = card.turned_by("response").default, _first_step(card)
        a = value - default
        felt = np.sign(a) * (s + (1 - self.size) * (np.abs(a) - s))
        return default + np.where(np.abs(a) > s, felt, a)


class WrongPhysics(AbstractWorldFault):
    """The truth with one parameter of its physics wrong, such as `friction_days` of the dry core.

    Attributes:
        argument: of the world; "" for all those in which its imperfect twin differs, at the twin's values.
        value: of it.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    argument: str = ""
    value: float = 0.0

    def world_args(self, card: WorldCard) -> dict[str, Any]:
        """See `AbstractWorldFault.world_args`."""
        if not self.argument:
            return dict(card.imperfect)
        if self.argument not in card.imperfect:
            raise BadSpec(
                f"wrong_physics: {card.name} has no parameter {self.argument!r} to get wrong; "
                f"there are: {', '.join(sorted(card.imperfect))}"
            )
        return {self.argument: self.value}


def turned(x: np.ndarray, degrees: float) -> np.ndarray:
    """Fields turned eastward about the Earth's axis: [..., lon], evenly spaced round the circle."""
    n = x.shape[-1]
    waves = np.arange(n // 2 + 1)
    turn = np.exp(-1j * waves * np.radians(degrees))
    if n % 2 == 0:
        turn[-1] = np.cos(waves[-1] * np.radians(degrees))  # the shortest wave has no phase on its own grid
    return np.fft.irfft(np.fft.rfft(x, axis=-1) * turn, n=n, axis=-1)


def _first_step(card: WorldCard) -> float:
    """The first step of the response ladder, in units of the knob: its own, or a third of the half range."""
    knob = card.turned_by("response")
    return (knob.high - knob.low) / 6 if knob.step is None else knob.step


def _with(runs: Runs, changed: dict[str, np.ndarray]) -> Runs:
    return runs._replace(obs=type(runs.obs)({**runs.obs, **changed}))
