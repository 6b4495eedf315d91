"""Planted faults of known size: what a trial would have to see, to be believed when it sees nothing."""

from typing import ClassVar

import msgspec
import numpy as np

from gnomon.core.learner import AbstractControl
from gnomon.core.runs import Runs
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Drive, Experiment


class WrongForcing(AbstractControl):
    """The right world under the wrong forcing: its first knob is off by `size` half ranges, in every experiment.

    On Lorenz-63 this is a wrong rho, on Lorenz-96 a wrong F, on Kuramoto-Sivashinsky a spurious drive.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    size: float = 0.1

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """The same experiment with the first knob moved."""
        knob = card.knobs[0]
        offset = self.size * (knob.high - knob.low) / 2
        own = next(
            (d for d in experiment.drives if d.knob == knob.name), Drive.steady(knob.name, knob.default)
        )
        rows = tuple(tuple(v + offset for v in row) for row in own.values)
        others = tuple(d for d in experiment.drives if d.knob != knob.name)
        drives = (*others, Drive(knob=knob.name, times=own.times, values=rows))
        return msgspec.structs.replace(experiment, drives=drives)

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """What is shown is what was run, under the forcing that was ordered."""
        knob = card.knobs[0]
        if knob.name not in runs.forcing:
            return runs
        offset = self.size * (knob.high - knob.low) / 2
        return runs._replace(forcing=runs.forcing | {knob.name: runs.forcing[knob.name] - offset})


class Damped(AbstractControl):
    """A damped spectrum: fast fluctuations of every variable lose the fraction `size` of their amplitude.

    Fluctuations are damped in time by a filter that leaves the mean and slow changes alone and reaches the full
    damping above the world's Lyapunov frequency, as a simulator that smooths would do.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    size: float = 0.1

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """The world is run as ordered."""
        return experiment

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """The same runs, smoothed in time."""
        if not runs.obs or len(runs.time) < 2:
            return runs
        spacing = float(runs.time[1] - runs.time[0])
        return runs._replace(obs={k: self._damp(v, spacing, card.timescale) for k, v in runs.obs.items()})

    def _damp(self, x: np.ndarray, spacing: float, timescale: float) -> np.ndarray:
        # A run is not periodic: the line through its ends is set aside, or the filter would bend it there.
        ramp = np.linspace(0.0, 1.0, x.shape[2]).reshape(-1, *[1] * (x.ndim - 3))
        line = x[:, :, :1] + (x[:, :, -1:] - x[:, :, :1]) * ramp
        spectrum = np.fft.rfft(x - line, axis=2)
        cycles = np.fft.rfftfreq(x.shape[2], spacing) * timescale  # per Lyapunov time
        gain = 1 - self.size * cycles**2 / (1 + cycles**2)
        shaped = gain.reshape(-1, *[1] * (x.ndim - 3))
        return (line + np.fft.irfft(spectrum * shaped, n=x.shape[2], axis=2)).astype(x.dtype)


class Overconfident(AbstractControl):
    """An over-confident ensemble: members lose the fraction `size` of their distance from the ensemble mean."""

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    size: float = 0.1

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """The world is run as ordered."""
        return experiment

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """The same ensembles, drawn together around their means."""
        if next(iter(runs.obs.values()), np.zeros((0, 1))).shape[1] < 2:
            return runs
        drawn = {k: v - self.size * (v - v.mean(axis=1, keepdims=True)) for k, v in runs.obs.items()}
        return runs._replace(obs=drawn)
