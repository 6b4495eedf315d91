"""An experiment's forcing as plain NumPy, for models that run on the host."""

import numpy as np

from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Drive, Experiment


def knob_table(card: WorldCard, experiment: Experiment, times: np.ndarray) -> dict[str, np.ndarray]:
    """Knob -> [unit, time]: the value of every knob of the world at these times since the start."""
    moved = {d.knob: d for d in experiment.drives}
    table = {}
    for knob in card.knobs:
        drive = moved.get(knob.name, Drive.steady(knob.name, knob.default))
        rows = np.stack([np.interp(times, drive.times, row) for row in drive.values])
        table[knob.name] = np.array(np.broadcast_to(rows, (experiment.units, len(times))))
    return table


def saved_times(card: WorldCard, experiment: Experiment) -> np.ndarray:
    """Times of the kept leads since the start of the run."""
    leads = np.arange(experiment.discard + 1, experiment.discard + experiment.steps + 1)
    return leads * experiment.stride * card.dt
