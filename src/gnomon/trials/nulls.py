"""The nulls: what ignorance would score, made the same way for every trial.

Each takes what a subject is given (training data, the noisy present) and nothing more: a hidden variable has no
present, and what would be kept of it is its training mean. `no_response` needs the world and is made by the engine: the
world with every knob left alone.
"""

from collections.abc import Callable

import numpy as np

from gnomon.core.forcing import knob_values
from gnomon.core.learner import Data
from gnomon.core.runner import Starts, noisy_history
from gnomon.core.runs import Runs, Unsupported
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment

NO_RESPONSE = "no_response"

Present = dict[str, np.ndarray]  # variable -> [unit, ...]


def make_null(
    name: str, experiment: Experiment, *, card: WorldCard, data: Data, starts: Starts, seed: int
) -> Runs | Unsupported:
    """The runs of a null in place of a model's."""
    rng = np.random.default_rng([seed & 0x7FFFFFFF, seed >> 31, 2])
    seen = noisy_history(card, starts, 1, seed=seed)
    present = {k: v[:, 0, -1] for k, v in seen.items()}
    if experiment.outputs != ("obs",):
        if name == "frozen" and "exponents" in experiment.outputs:
            return _pack(experiment, card, present, {}, np.zeros((experiment.units, card.exponents)))
        return Unsupported(experiment.label, f"the null {name!r} has no {experiment.outputs[0]}")
    obs = _MAKERS[name](experiment, card, data, present, rng)
    return _pack(experiment, card, present, obs, None)


def _frozen(
    experiment: Experiment, card: WorldCard, data: Data, present: Present, rng: np.random.Generator
) -> Present:
    """The present kept for ever; of hidden variables the training mean."""
    kept = {
        k: np.broadcast_to(
            x[:, None, None], (experiment.units, experiment.members, experiment.steps, *x.shape[1:])
        )
        for k, x in present.items()
    }
    if len(kept) == len(card.variables):
        return kept
    return _climatology(experiment, card, data) | kept


def _climatology(experiment: Experiment, card: WorldCard, data: Data) -> Present:
    shape = (experiment.units, experiment.members, experiment.steps)
    return {
        v.name: np.broadcast_to(data.obs[v.name][data.train].mean(axis=(0, 1)), (*shape, *v.shape))
        for v in card.variables
    }


def _persistence_or_climatology(
    experiment: Experiment, card: WorldCard, data: Data, present: Present, rng: np.random.Generator
) -> Present:
    """Whichever has the lower squared error over the experiment's horizon on the validation trajectories."""
    leads = experiment.stride * np.arange(1, experiment.steps + 1)
    leads = leads[leads < len(data.time)]
    kept, mean = 0.0, 0.0
    for v in card.variables:
        if v.hidden:
            continue
        held_out = data.obs[v.name][data.validation]
        climate = data.obs[v.name][data.train].mean(axis=(0, 1))
        future = held_out[:, leads]
        kept += float(np.mean((future - held_out[:, :1]) ** 2)) / v.scale**2
        mean += float(np.mean((future - climate) ** 2)) / v.scale**2
    if kept < mean:
        return _frozen(experiment, card, data, present, rng)
    return _climatology(experiment, card, data)


def _gaussian(
    experiment: Experiment, card: WorldCard, data: Data, present: Present, rng: np.random.Generator
) -> Present:
    """Independent draws in time with the mean and covariance of all variables in the training data."""
    flat = np.concatenate([_flat(data.obs[v.name][data.train], v.shape) for v in card.variables], axis=-1)
    mean = flat.mean(axis=0)
    if flat.shape[1] > len(flat):
        # Fewer samples than numbers: weighted sums of the anomalies have exactly the sample covariance, unformed.
        root = (flat - mean).T / np.sqrt(len(flat) - 1)
    else:
        values, vectors = np.linalg.eigh(np.cov(flat, rowvar=False).reshape(len(mean), len(mean)))
        root = vectors * np.sqrt(np.maximum(values, 0.0))
    shape = (experiment.units, experiment.members, experiment.steps)
    draws = mean + rng.standard_normal((*shape, root.shape[1])) @ root.T
    out, at = {}, 0
    for v in card.variables:
        size = int(np.prod(v.shape, dtype=int))
        out[v.name] = draws[..., at : at + size].reshape(*shape, *v.shape)
        at += size
    return out


def _climatological_ensemble(
    experiment: Experiment, card: WorldCard, data: Data, present: Present, rng: np.random.Generator
) -> Present:
    """Every member at every lead an independent draw from the training observations."""
    shape = (experiment.units, experiment.members, experiment.steps)
    trajectory = rng.choice(data.train, size=shape)
    time = rng.integers(len(data.time), size=shape)
    return {v.name: data.obs[v.name][trajectory, time] for v in card.variables}


_MAKERS: dict[str, Callable[..., Present]] = {
    "frozen": _frozen,
    "persistence_or_climatology": _persistence_or_climatology,
    "gaussian": _gaussian,
    "climatological_ensemble": _climatological_ensemble,
}
NAMES = (*_MAKERS, NO_RESPONSE)


def _flat(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return x.reshape(-1, int(np.prod(shape, dtype=int)))


def _pack(
    experiment: Experiment, card: WorldCard, present: Present, obs: Present, exponents: np.ndarray | None
) -> Runs:
    leads = np.arange(experiment.discard + 1, experiment.discard + experiment.steps + 1)
    times = leads * experiment.stride * card.dt
    return Runs(
        label=experiment.label,
        obs={k: np.array(v, np.float32) for k, v in obs.items()},
        time=times,
        forcing=knob_values(card, experiment.drives, experiment.units, times),
        diverged=np.full((experiment.units, experiment.members), -1),
        exponents=exponents,
        initial=present,
        cost={},
    )
