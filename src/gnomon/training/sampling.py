"""Sampling: moments of the training trajectories, with the states before and after them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.forcing import Knobs
from gnomon.core.learner import Data
from gnomon.core.world import Obs
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadData


class Sample(NamedTuple):
    """Moments drawn from training.

    Attributes:
        history: variable -> [moment, delay, ...], the last one is the moment itself.
        following: variable -> [moment, ...], one step later.
        knobs: knob -> [moment].
        next_knobs: knob -> [moment], one step later.
        time: [moment].
        trajectory: [moment] index into the data.
    """

    history: Obs
    following: Obs
    knobs: Knobs
    next_knobs: Knobs
    time: Array
    trajectory: np.ndarray


def sample_windows(data: Data, delays: int, *, most: int, key: PRNGKeyArray) -> Sample:
    """All training moments, or `most` of them drawn without replacement."""
    length = len(data.time)
    if length < delays + 1:
        raise BadData(
            f"trajectories need at least {delays + 1} observations for {delays} delays, got {length}"
        )
    traj, moment = np.meshgrid(data.train, np.arange(delays - 1, length - 1), indexing="ij")
    traj, moment = traj.ravel(), moment.ravel()
    if len(traj) > most:
        picked = np.sort(np.asarray(jax.random.permutation(key, len(traj)))[:most])
        traj, moment = traj[picked], moment[picked]
    past = moment[:, None] + np.arange(1 - delays, 1)
    return Sample(
        history={k: jnp.asarray(v[traj[:, None], past]) for k, v in data.seen.items()},
        following={k: jnp.asarray(v[traj, moment + 1]) for k, v in data.obs.items()},
        knobs={k: jnp.asarray(v[traj, moment]) for k, v in data.forcing.items()},
        next_knobs={k: jnp.asarray(v[traj, moment + 1]) for k, v in data.forcing.items()},
        time=jnp.asarray(data.time[moment]),
        trajectory=traj,
    )


def learned_card(name: str, data: Data, *, context: int, stochastic: bool = False) -> SimulatorCard:
    """The card of a simulator fitted to data; it tells the knob ranges that training spanned."""
    return SimulatorCard(
        name=name,
        dt=data.card.dt,
        context=context,
        variables=tuple(v.name for v in data.card.variables),
        knobs=tuple(k.name for k in data.card.knobs),
        stochastic=stochastic,
        trained_on={
            k: (float(np.min(v[data.train])), float(np.max(v[data.train]))) for k, v in data.forcing.items()
        },
    )
