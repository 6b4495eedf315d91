"""Training data of a case: which experiment makes them, and the observation error upon them."""

import numpy as np

from gnomon.core.runner import lagged_errors
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Drive, Experiment
from gnomon.spec.study import Case

LIBRARY = 8  # snapshots of each training trajectory that lagged errors are drawn from


def with_error(
    card: WorldCard, clean: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """[trajectory, time, ...] with one draw of the observation error each."""
    if card.errors == "lagged":
        count, length = next(iter(clean.values())).shape[:2]
        kept = np.linspace(0, length - 1, min(LIBRARY, length)).round().astype(int)
        rows = []
        for i in range(
            count
        ):  # pairs of one trajectory: between two, the difference of their forcings would be an error
            library = {k: x[i, kept] for k, x in clean.items()}
            errors = lagged_errors(card, library, (length,), rng)
            rows.append({k: x[i] + errors[k] for k, x in clean.items()})
        return {k: np.stack([row[k] for row in rows]) for k in clean}
    return {
        v.name: clean[v.name].astype(float) + v.obs_error * rng.standard_normal(clean[v.name].shape)
        for v in card.variables
    }


def data_experiment(case: Case, card: WorldCard) -> Experiment:
    """Training data as an experiment: knobs spread evenly over their ranges, every fourth trajectory a slow ramp.

    Validation trajectories are spread over the ranges in the same way, so neither set sees a corner the other misses.
    """
    steps = case.data.steps
    end = steps * card.dt
    units = case.data.trajectories + case.data.validation
    if case.data.knobs == "default":
        return Experiment(label="data", units=units, steps=steps)
    drives = []
    for number, knob in enumerate(card.knobs):
        rows = []
        for count in (case.data.trajectories, case.data.validation):
            values = np.linspace(knob.low, knob.high, count) if count > 1 else np.array([knob.default])
            values = np.roll(values, number)  # knobs of one world should not move together
            for i, value in enumerate(values):
                slow = i % 4 == 3
                there = knob.low + knob.high - value if slow else value
                rows.append((float(value), float(there)))
        drives.append(Drive(knob=knob.name, times=(0.0, float(end)), values=tuple(rows)))
    return Experiment(label="data", drives=tuple(drives), units=units, steps=steps)
