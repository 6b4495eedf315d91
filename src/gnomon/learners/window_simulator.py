"""Networks on windows: one frame in which every sequence model is a simulator, and one way to train them.

The frame is the same for all, so that a comparison compares the networks:

* A window of the last states enters as rows (state, last change over its spread, knobs), since neighbouring states are
  nearly equal and their differences carry the news. On a ring each site sees its neighbourhood, and all share weights.
* The network gives increments to the next K states from the state at a position, each over the spread of
  increments of that lead, and a linear part from ridge regression is added: the network starts as that forecast.
* Training is by several tokens at once, then by short free runs on own output; the input carries noise.
* A simulator takes the first `consume` of K states before it calls the network again.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import Obs, Time
from gnomon.learners.residual import LINEAR_RIDGE
from gnomon.numerics.patches import Patches, patches_of
from gnomon.numerics.ridge import ridge_path
from gnomon.numerics.sequence_layers import Dense
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.fitting import Trainable, fit_networks
from gnomon.training.multi_token import FreeTokens, MultiToken, free_stage, multi_token_stage
from gnomon.training.sampling import learned_card
from gnomon.training.search import Setting, check_budget
from gnomon.training.trainer import Recipe, Stage
from gnomon.training.windows import Sequences, cast, sequences_of

MOST_CONTEXT = 64  # past observations that the engine keeps


class Window(eqx.Module):
    """What a window network is told of the world; none of it is trained.

    Attributes:
        spread: [token, channel] standard deviation of increments over 1 ... K steps.
        radius: neighbours on each side that a site sees.
        stride: states between positions.
    """

    patches: Patches
    spread: Float[Array, "token channel"]
    radius: int = eqx.field(static=True)
    stride: int = eqx.field(static=True)

    def rows(self, window: Array, forced: Array) -> Float[Array, "row site input"]:
        """One row for each state of the window but the first: state, last change over its spread, knobs."""
        changes = (window[1:] - window[:-1]) / self.spread[0]
        near = [jax.vmap(lambda z: self.patches.around(z, self.radius))(x) for x in (window[1:], changes)]
        return jnp.concatenate([*near, forced[1:]], axis=-1)

    def width(self, inputs: int) -> int:
        """Numbers in a row, with so many knob inputs."""
        return 2 * self.patches.width(self.radius) + inputs


class WindowNetwork(eqx.Module):
    """increment over k steps = spread_k * (linear(row) + core(rows)).

    Attributes:
        linear: of the row at the position.
        core: rows [row, input] of one site -> one or more arrays [position, token * channel], the last position the
            last row.
    """

    linear: Dense
    core: Any

    def __call__(self, frame: Window, window: Array, forced: Array) -> tuple[Array, ...]:
        """Increments [position, token, site, channel] from the state at each position; the forecast first."""
        rows = frame.rows(window, forced)
        plain = self.linear(rows)

        def shaped(out: Array) -> Array:
            count = out.shape[0]
            at = rows.shape[0] - 1 - frame.stride * np.arange(count)[::-1]
            tokens, channels = frame.spread.shape
            split = (out + plain[at]).reshape(count, out.shape[1], tokens, channels)
            return jnp.moveaxis(split, 1, 2) * frame.spread[:, None, :]

        return tuple(shaped(out) for out in jax.vmap(self.core, in_axes=1, out_axes=1)(rows))


class _Predict(eqx.Module):
    """What losses call, with its constants as leaves."""

    frame: Window

    def __call__(self, network: WindowNetwork, window: Array, forced: Array) -> tuple[Array, ...]:
        return network(self.frame, window, forced)


class WindowState(NamedTuple):
    """The last states, the states already predicted, and how many of these were taken (0: ask the network)."""

    window: Float[Array, "time site channel"]
    plan: Float[Array, "token site channel"]
    taken: Int[Array, ""]


class WindowSimulator(AbstractSimulator[WindowState]):
    """The last observations are the state; a network gives the next states."""

    card: SimulatorCard = eqx.field(static=True)
    frame: Window
    network: WindowNetwork
    consume: int = eqx.field(static=True)

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> WindowState:
        """The observations, standardised."""
        window = self.frame.patches.encode(history)
        return WindowState(window, jnp.zeros((self.consume, *window.shape[1:]), window.dtype), jnp.asarray(0))

    def advance(self, state: WindowState, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> WindowState:
        """One step; the oldest state leaves the window."""
        if self.consume == 1:
            plan = self._plan(state.window, forcing, time)
        else:
            ask = self._plan
            plan = jax.lax.cond(
                state.taken == 0, lambda: ask(state.window, forcing, time), lambda: state.plan
            )
        new = plan[state.taken]
        taken = jnp.mod(state.taken + 1, self.consume)
        return WindowState(jnp.concatenate([state.window[1:], new[None]]), plan, taken)

    def observe(self, state: WindowState) -> Obs:
        """The newest state, in its own units."""
        return self.frame.patches.decode(state.window[-1])

    def _plan(self, window: Array, forcing: Forcing, time: Time) -> Array:
        ages = jnp.arange(self.card.context - 1, -1, -1) * self.card.dt
        forced = jax.vmap(lambda age: self.frame.patches.forced(forcing.at(time - age)))(ages)
        return window[-1] + self.network(self.frame, window, forced)[0][-1][: self.consume]


class Sizes(NamedTuple):
    """What a core is made for: rows of so many inputs, and tokens of so many channels."""

    rows: int
    inputs: int
    tokens: int
    channels: int
    knobs: int

    @property
    def outputs(self) -> int:
        """Numbers at one position."""
        return self.tokens * self.channels


class Parts(NamedTuple):
    """What stages are made of."""

    predict: Callable[[Any, Array, Array], tuple[Array, ...]]
    spread: Array
    sequences: Sequences
    batch: int


class Plan(NamedTuple):
    """Settings that all window networks share.

    Attributes:
        context: states in the window.
        tokens: states predicted at once.
        consume: of these, taken before the network is asked again.
        updates: of the weights in each setting, both stages together.
        batch: windows in a minibatch; on fields, windows times sites come to about this number.
        unroll: calls in the free runs of the second stage; 0 leaves it out.
        stride: states between positions.
        radius: neighbours on each side that a site of a ring sees.
        whole: whether every world is one site.
        further: weight of further predictions in the loss.
        schedule: of the learning rate.
        final: the rate at the end, as a share of the highest.
    """

    context: int
    tokens: int
    consume: int
    updates: int
    batch: int
    unroll: int
    stride: int = 1
    radius: int = 3
    whole: bool = False
    further: float = 0.0
    schedule: str = "cosine"
    final: float = 0.0

    @classmethod
    def of(cls, learner: Any, **others: Any) -> "Plan":
        """The fields of a learner that bear these names, and `others`."""
        named = {f: getattr(learner, f) for f in cls._fields if hasattr(learner, f)}
        return cls(**(named | others))


def fit_windows(
    data: Data,
    plan: Plan,
    core: Callable[[Sizes, PRNGKeyArray], Any],
    space: dict[str, Sequence[Any]],
    *,
    name: str,
    budget: int,
    stages: Callable[[Parts, Setting], tuple[Stage, ...]] | None = None,
    key: PRNGKeyArray,
) -> Fit:
    """Train a core in the frame, once for each setting (`noise` and `rate`, and what stages read), keep the best."""
    check_plan(plan, name, budget)
    start_key, fit_key = jax.random.split(key)
    patches = patches_of(data, whole=plan.whole)
    coarse = cast(patches, jnp.float32)
    sequences = sequences_of(coarse, data)
    spread = _spread(np.asarray(sequences.z, float), plan.tokens)
    frame = Window(coarse, jnp.asarray(spread, jnp.float32), plan.radius if patches.shape else 0, plan.stride)
    linear = _ridge(frame, sequences, spread, key=start_key)
    inputs = linear.weights.shape[0]
    sizes = Sizes(plan.context - 1, inputs, plan.tokens, patches.channels, sequences.forced.shape[-1])
    parts = Parts(_Predict(frame), frame.spread, sequences, max(4, plan.batch // patches.sites))
    dtype = patches.mean.dtype

    def simulator_of(network: WindowNetwork) -> WindowSimulator:
        return WindowSimulator(
            card=learned_card(name, data, context=plan.context),
            frame=Window(patches, jnp.asarray(spread, dtype), frame.radius, frame.stride),
            network=cast(network, dtype),
            consume=plan.consume,
        )

    def trainable(setting: Setting) -> Trainable:
        return Trainable(
            make=lambda key: WindowNetwork(linear, core(sizes, key)),
            stages=stages(parts, setting) if stages else plain_stages(parts, plan, setting),
            data=sequences,
            recipe=Recipe(setting["rate"], plan.final, plan.schedule, warm_up=0.05, decay=1e-5),
            simulator=simulator_of,
        )

    return fit_networks(data, trainable, space, name=name, budget=budget, context=plan.context, key=fit_key)


def check_plan(plan: Plan, name: str, budget: int) -> None:
    """Refuse a plan that cannot be carried out."""
    check_budget(name, budget)
    if not 2 <= plan.context <= MOST_CONTEXT:
        raise BadSpec(f"{name}: a window has 2 to {MOST_CONTEXT} states, got {plan.context}")
    if not 1 <= plan.consume <= plan.tokens:
        raise BadSpec(
            f"{name}: of {plan.tokens} states predicted 1 to all can be consumed, got {plan.consume}"
        )
    if min(plan.updates, plan.batch) < 1 or min(plan.unroll, plan.radius) < 0:
        raise BadSpec(f"{name}: updates and batch must be at least 1, unroll and radius 0")


def multi_token(parts: Parts, plan: Plan, setting: Setting) -> MultiToken:
    """The loss of the first stage."""
    return MultiToken(
        predict=parts.predict,
        spread=parts.spread,
        noise=jnp.float32(setting["noise"]),
        weights=jnp.ones(plan.tokens, jnp.float32),
        further=jnp.float32(plan.further),
        context=plan.context,
        stride=plan.stride,
    )


def plain_stages(parts: Parts, plan: Plan, setting: Setting) -> tuple[Stage, ...]:
    """Several tokens at once for a third of the updates, then free runs."""
    loss = multi_token(parts, plan, setting)
    rest = 2 * plan.updates // 3 if plan.unroll else 0
    updates, snapshots = even(plan.updates - rest, 1)
    one = multi_token_stage(loss, parts.sequences, updates=updates, snapshots=snapshots, batch=parts.batch)
    if rest == 0:
        return (one,)
    free = FreeTokens(parts.predict, parts.spread[0], loss.noise, plan.context, plan.consume, plan.unroll)
    updates, snapshots = even(rest, 4)
    return (
        one,
        free_stage(free, parts.sequences, updates=updates, snapshots=snapshots, batch=parts.batch),
    )


def even(updates: int, snapshots: int) -> tuple[int, int]:
    """Updates in equal parts, since a part of another length is compiled again."""
    snapshots = max(1, min(snapshots, updates))
    return max(1, updates // snapshots) * snapshots, snapshots


def _spread(z: np.ndarray, tokens: int) -> np.ndarray:
    """[token, channel] of increments over 1 ... tokens steps."""
    rows = [(z[:, k:] - z[:, :-k]).std((0, 1, 2)) for k in range(1, tokens + 1)]
    return np.maximum(np.stack(rows), 1e-12)


@eqx.filter_jit
def _rows(frame: Window, windows: Array, forced: Array) -> Array:
    return jax.vmap(frame.rows)(windows, forced)[:, -1]


def _ridge(frame: Window, data: Sequences, spread: np.ndarray, *, key: PRNGKeyArray) -> Dense:
    """The linear part: increments of all leads from one row."""
    tokens = spread.shape[0]
    trajectories, length = data.z.shape[:2]
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).tolist())
    count = max(64, 10_000 // frame.patches.sites)
    which, now = rng.integers(0, trajectories, count), rng.integers(1, length - tokens, count)
    past, z = now[:, None] + np.arange(-1, 1), np.asarray(data.z)
    rows = _rows(frame, jnp.asarray(z[which[:, None], past]), data.forced[which[:, None], past])
    ahead = z[which[:, None], now[:, None] + np.arange(1, tokens + 1)] - z[which, now][:, None]
    targets = np.moveaxis(ahead / spread[:, None, :], 1, 2)  # [row, site, token, channel]
    inputs = np.asarray(rows, float).reshape(-1, rows.shape[-1])
    weights, offset = ridge_path(inputs, targets.reshape(len(inputs), -1), (LINEAR_RIDGE,))[0]
    return Dense(jnp.asarray(weights, jnp.float32), jnp.asarray(offset, jnp.float32))
