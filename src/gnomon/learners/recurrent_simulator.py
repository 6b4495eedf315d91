"""What all recurrent learners share: the simulator of a latent state, and how it is fitted."""

import time as clock
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import Obs, Time
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.fitting import JUDGES, Trainable, fit_networks
from gnomon.training.free_run import FreeRunJudge
from gnomon.training.sampling import learned_card
from gnomon.training.search import Setting, check_budget
from gnomon.training.teacher_forcing import AbstractForcedCell, TeacherForced, driven, forced_stage
from gnomon.training.trainer import Recipe
from gnomon.training.windows import Sequences, cast, sequences_of

GAINS = (1.0, 0.5, 0.25, 0.1)  # pulls tried where the latent state is found from the past


class RecurrentSimulator(AbstractSimulator[Array]):
    """A latent state that steps freely; at the start it is driven along the past observations.

    Attributes:
        gain: strength of the pull towards the past observations. 1 replaces what is observed; less filters their error.
    """

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    cell: AbstractForcedCell
    gain: Float[Array, ""]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The latent state after a run along the past under forcing."""
        seen = self.patches.encode(history)[:, 0]
        past = seen.shape[0]
        ages = jnp.arange(past - 1, 0, -1) * self.card.dt
        inputs = jax.vmap(lambda age: self.patches.forced(forcing.at(time - age))[0])(ages)
        return driven(self.cell, seen, inputs, jnp.broadcast_to(self.gain, (past - 1,)))[1]

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """One free step."""
        return self.cell.step(state, self.patches.forced(forcing.at(time))[0])

    def observe(self, state: Array) -> Obs:
        """What the state looks like, in the world's units."""
        return self.patches.decode(self.cell.observe(state)[None])


class World(NamedTuple):
    """What a cell is made for.

    Attributes:
        sequences: standardised training trajectories of one site, in single precision.
        channels: numbers observed.
        inputs: external inputs.
        spread: standard deviation of one-step increments of each channel.
    """

    sequences: Sequences
    channels: int
    inputs: int
    spread: tuple[float, ...]


class Training(NamedTuple):
    """How a recurrent learner is trained.

    Attributes:
        updates: of the weights.
        batch: sequences in a minibatch.
        length: steps of a sequence, shortened where trajectories are shorter.
        snapshots: free-run verdicts in one training.
        context: past observations that drive the state before a forecast.
        seeds: trained side by side.
        budget: settings tried.
        judge: what snapshots, seeds and settings are chosen by.
        final: learning rate at the end, as a share of the highest.
    """

    updates: int
    batch: int
    length: int
    snapshots: int
    context: int
    seeds: int
    budget: int
    judge: str = "forecast"
    final: float = 1e-2

    @classmethod
    def of(cls, learner: Any, **others: Any) -> "Training":
        """The fields of a learner that bear these names, and `others`."""
        named = {f: getattr(learner, f) for f in cls._fields if hasattr(learner, f)}
        return cls(**(named | others))


def fit_recurrent(
    data: Data,
    make: Callable[[World, PRNGKeyArray], AbstractForcedCell],
    loss_of: Callable[[Setting, int], TeacherForced],
    space: Mapping[str, Sequence[Any]],
    training: Training,
    *,
    name: str,
    defaults: Setting | None = None,
    key: PRNGKeyArray,
) -> Fit:
    """Train each setting under forcing, keep the best in free run, then choose the pull towards the past.

    Args:
        data: of any world; it is seen as one site.
        make: (world, key) -> an untrained cell.
        loss_of: (setting, sequence length) -> the loss; a setting has "rate", whatever else is the learner's.
        space: of the settings.
        training: sizes.
        name: of the learner.
        defaults: the setting tried first, where that is not the first value of each.
        key: of all draws.
    """
    check_training(name, training)
    fit_key, gain_key = jax.random.split(key)
    patches = patches_of(data, whole=True)
    dtype = patches.mean.dtype
    world = world_of(cast(patches, jnp.float32), data)
    length = min(training.length, world.sequences.z.shape[1] - 1)
    if length < 2:
        raise BadData(f"{name}: trajectories need at least 3 observations")
    context = min(training.context, max(1, world.sequences.z.shape[1] // 3))

    def simulator_of(cell: AbstractForcedCell) -> RecurrentSimulator:
        card = learned_card(name, data, context=context)
        return RecurrentSimulator(card, patches, cast(cell, dtype).ready(), jnp.ones((), dtype))

    def trainable(setting: Setting) -> Trainable:
        loss = loss_of(setting, length)
        stage = forced_stage(loss, world.sequences, snapshots=training.snapshots, batch=training.batch)
        recipe = _recipe(setting, training)
        start = partial(make, world)
        return Trainable(start, (stage,), world.sequences, recipe, simulator_of, loss.memory)

    fit = fit_networks(
        data,
        trainable,
        space,
        name=name,
        budget=training.budget,
        context=context,
        seeds=training.seeds,
        defaults=defaults,
        judged=training.judge,
        key=fit_key,
    )
    return with_best_gain(fit, data, key=gain_key)


def _recipe(setting: Setting, training: Training) -> Recipe:
    return Recipe(
        rate=setting["rate"], final=training.final, schedule="exponential", optimiser="radam", clip=10.0
    )


def world_of(patches: Patches, data: Data) -> World:
    """Standardised training data of one site."""
    sequences = sequences_of(patches, data)
    spread = jnp.maximum(jnp.diff(sequences.z[:, :, 0], axis=1).std((0, 1)), 1e-12)
    channels, inputs = sequences.z.shape[-1], sequences.forced.shape[-1]
    return World(sequences, channels, inputs, tuple(float(s) for s in spread))


def check_training(name: str, training: Training) -> None:
    """Refuse sizes that make no sense, and judges that there are not."""
    check_budget(name, training.budget)
    counts = (training.updates, training.batch, training.snapshots, training.context, training.seeds)
    if (
        min(counts) < 1
        or training.length < 2
        or training.updates < training.snapshots
        or training.context > 64
    ):
        raise BadSpec(
            f"{name}: updates, batch, snapshots, seeds and context (at most 64) must be at least 1, length 2, and "
            "updates not fewer than snapshots"
        )
    if training.judge not in JUDGES:
        raise BadSpec(f"{name}: judge must be one of {', '.join(JUDGES)}, got {training.judge!r}")


def with_best_gain(fit: Fit, data: Data, *, key: PRNGKeyArray) -> Fit:
    """The same simulator with the pull towards the past that gives the best validation forecasts; no new training."""
    began = clock.perf_counter()
    simulator = fit.simulator
    assert isinstance(simulator, RecurrentSimulator)
    context = simulator.card.context
    judge = FreeRunJudge(data, reserve=context, starts=16, steps=200, key=key)
    best, trace = None, []
    for gain in GAINS if context > 1 else GAINS[:1]:
        tried = eqx.tree_at(lambda s: s.gain, simulator, jnp.asarray(gain, simulator.gain.dtype))
        verdict = judge(tried)
        trace.append({"gain": gain, **verdict.plain()})
        if best is None or verdict.rank < best[0].rank:
            best = (verdict, gain, tried)
    assert best is not None
    verdict, gain, chosen = best
    seconds = fit.log["seconds"] + clock.perf_counter() - began
    return Fit(
        chosen, {**fit.log, "validation": verdict.plain(), "gain": gain, "gains": trace, "seconds": seconds}
    )


def uniform(key: PRNGKeyArray, shape: tuple[int, ...], fan_in: int) -> Array:
    """Uniform in +-1 / sqrt(fan_in), in single precision: the initial weights of the published networks."""
    bound = 1.0 / fan_in**0.5
    return jax.random.uniform(key, shape, jnp.float32, -bound, bound)


def relaxation(key: PRNGKeyArray, units: int) -> Array:
    """Diagonal of a random positive definite matrix of largest eigenvalue 1 (Talathi and Vartak 2015)."""
    r = jax.random.normal(key, (units, units), jnp.float32)
    k = r.T @ r / units + jnp.eye(units, dtype=jnp.float32)
    return jnp.diagonal(k) / jnp.linalg.eigvalsh(k)[-1]
