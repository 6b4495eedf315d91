"""What the symbolic code of an almost-linear network keeps of the truth's topology, as plain data.

The same regions are read along a free run and along the truth, which drives the network. If the code is a good one both
have the same graph and the same shares. The turns of an orbit are coded a second time, from what is observed alone
(which lobe, or which side of the fold), so that the network's orbit can be compared with the truth's word by word.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.core.world import AbstractWorld
from gnomon.learners.almost_linear_rnn import AlmostLinearCell
from gnomon.learners.recurrent_simulator import RecurrentSimulator
from gnomon.numerics.code_topology import (
    critical_point,
    fixed_points,
    fold_turns,
    lobe_turns,
    told,
    total_variation,
    transition_shares,
    word_distance,
)
from gnomon.numerics.symbolic_code import code_summary, region_symbols

WORD = 6  # turns in a word
TRANSIENT = 500  # steps of a free run before it is read


def topology_of(
    simulator: RecurrentSimulator,
    world: AbstractWorld[Any],
    truths: Float[np.ndarray, "two time channel"],
    run: Float[np.ndarray, "time channel"],
    *,
    lobes: bool,
) -> dict[str, Any]:
    """The code of a network at the default knobs, beside that of the truth.

    Args:
        simulator: fitted.
        world: the truth.
        truths: two independent runs of it, in standard deviations of the world's card.
        run: a free run of the simulator in the same units.
        lobes: whether turns are coded by the lobe they go round (Lorenz), or by the side of the fold (Roessler).
    """
    cell = simulator.cell
    assert isinstance(cell, AlmostLinearCell)
    card = world.card
    scales = np.array([v.scale for v in card.variables])
    seen = np.asarray(simulator.patches.encode(_obs(card, run * scales)))[:, 0]
    knobs = {k.name: jnp.asarray(float(k.default)) for k in card.knobs}
    inputs = simulator.patches.forced(knobs)[0]
    seen_truth = simulator.patches.encode(_obs(card, truths[0] * scales))[:, 0]
    other = simulator.patches.encode(_obs(card, truths[1] * scales))[:, 0]
    free_states = _along(cell, jnp.asarray(seen[0]), inputs, len(run))[TRANSIENT:]
    free = _symbols(cell, free_states)
    driven = [_symbols(cell, _driven(cell, z, inputs)) for z in (seen_truth, other)]
    count = 2**cell.rectified
    shares = [transition_shares(s, count) for s in (free, *driven)]
    middle = float(truths[..., 0].mean()) if lobes else critical_point(truths[0])
    turns = [(lobe_turns if lobes else fold_turns)(x, middle) for x in (run, *truths[:2])]
    side = np.asarray(free_states[:, 0]) > np.asarray(seen_truth[:, 0]).mean()
    return {
        "free": code_summary(free[None], most=count),
        "truth": code_summary(driven[0][None], most=count),
        "shares_apart": _shares_apart(free, driven[0], count),
        "shares_apart_floor": _shares_apart(driven[1], driven[0], count),
        "transitions_apart": total_variation(shares[0], shares[1]),
        "transitions_apart_floor": total_variation(shares[2], shares[1]),
        "sides_told": told(free, side.astype(int)),
        "words_apart": word_distance(turns[0], turns[1], WORD) if len(turns[0]) >= WORD else 1.0,
        "words_apart_floor": word_distance(turns[2], turns[1], WORD),
        "fixed_points": _fixed(cell, simulator, inputs, scales),
        "rest_points": [(p / scales).round(4).tolist() for p in rest_points(world, truths[0] * scales)],
    }


def _shares_apart(first: np.ndarray, second: np.ndarray, count: int) -> float:
    p, q = (np.bincount(s, minlength=count) / len(s) for s in (first, second))
    return total_variation(p, q)


def _symbols(cell: AlmostLinearCell, states: Array) -> np.ndarray:
    return region_symbols(np.asarray(states)[:, -cell.rectified :])


def _obs(card: Any, x: np.ndarray) -> dict[str, Array]:
    return {v.name: jnp.asarray(x[:, i]) for i, v in enumerate(card.variables)}


@eqx.filter_jit
def _along(cell: AlmostLinearCell, first: Array, inputs: Array, steps: int) -> Array:
    """[step, unit] of a free run."""

    def step(state: Array, _: None) -> tuple[Array, Array]:
        return cell.step(state, inputs), state

    return jax.lax.scan(step, cell.start(first), None, length=steps)[1]


@eqx.filter_jit
def _driven(cell: AlmostLinearCell, seen: Array, inputs: Array) -> Array:
    """[step, unit] with what is observed put in at every step."""

    def step(state: Array, at: Array) -> tuple[Array, Array]:
        state = jnp.concatenate([at, cell.step(state, inputs)[cell.channels :]])
        return state, state

    return jax.lax.scan(step, cell.start(seen[0]), seen[1:])[1]


def _fixed(
    cell: AlmostLinearCell, simulator: RecurrentSimulator, inputs: Array, scales: np.ndarray
) -> list[dict[str, Any]]:
    offset = np.asarray(cell.offset + cell.drive @ inputs, float)
    found = fixed_points(
        np.asarray(cell.relaxation, float), np.asarray(cell.weights, float), offset, cell.rectified
    )
    rows = []
    for p in found:
        obs = simulator.patches.decode(jnp.asarray(p.state[: cell.channels])[None])
        at = [float(x) for x in np.array([np.asarray(v) for v in obs.values()]) / scales]
        rows.append({"symbol": p.symbol, "at": at, "real": p.real, "largest": p.largest, "turns": p.turns})
    return rows


def rest_points(world: AbstractWorld[Any], states: Float[np.ndarray, "time channel"]) -> list[np.ndarray]:
    """Where the truth rests, found by Newton's method from states along an orbit and their mean; default knobs.

    Worlds whose state is what is observed, with a tendency.
    """
    knobs = {k.name: jnp.asarray(float(k.default)) for k in world.card.knobs}
    rate = jax.jit(lambda x: world.tendency(x, knobs))  # pyright: ignore[reportAttributeAccessIssue]
    slope = jax.jit(jax.jacfwd(rate))
    spread, found = states.std(axis=0), []
    starts = [states.mean(axis=0), np.zeros(states.shape[1]), *states[:: max(1, len(states) // 60)]]
    for start in starts:
        x = np.asarray(start, float)
        for _ in range(50):
            x = x - np.linalg.lstsq(np.asarray(slope(x)), np.asarray(rate(x)), rcond=None)[0]
        near = np.abs(x - states.mean(axis=0)).max() < 10 * spread.max()
        if np.isfinite(x).all() and near and np.abs(np.asarray(rate(x))).max() < 1e-6:
            if all(np.abs((x - y) / spread).max() > 1e-3 for y in found):
                found.append(x)
    return found
