"""Almost-linear recurrent network with its symbolic code."""

import time as clock
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.recurrent_simulator import (
    RecurrentSimulator,
    Training,
    World,
    check_training,
    fit_recurrent,
    relaxation,
    uniform,
)
from gnomon.numerics.symbolic_code import code_summary, region_symbols
from gnomon.spec.errors import BadSpec
from gnomon.training.forced_estimates import spectral_norm
from gnomon.training.free_run import validation_starts
from gnomon.training.search import Setting
from gnomon.training.teacher_forcing import AbstractForcedCell, TeacherForced

RUNS, STEPS = 8, 2000  # free runs from which the code is read


class AlmostLinearCell(AbstractForcedCell):
    """z' = A z + W phi(z) + C s + h; phi rectifies the last few units and leaves the others alone; A is diagonal."""

    relaxation: Float[Array, " latent"]
    weights: Float[Array, "latent latent"]
    offset: Float[Array, " latent"]
    drive: Float[Array, "latent input"]
    lift: Float[Array, "unseen channel"]
    channels: int = eqx.field(static=True)
    rectified: int = eqx.field(static=True)

    def start(self, seen: Array) -> Array:
        """The observed units, and a learned linear guess of the others."""
        return jnp.concatenate([seen, self.lift @ seen])

    def step(self, state: Array, inputs: Array) -> Array:
        """Linear in each of 2^rectified regions."""
        linear = state.shape[0] - self.rectified
        felt = jnp.concatenate([state[:linear], jax.nn.relu(state[linear:])])
        return self.relaxation * state + self.weights @ felt + self.drive @ inputs + self.offset

    def observe(self, state: Array) -> Array:
        """The first units."""
        return state[: self.channels]

    def signals(self, seen: Array) -> Array:
        """The first units are the observations."""
        return seen

    def ready(self) -> AbstractForcedCell:
        """Nothing to work out."""
        return self

    def bound(self) -> Array:
        """Max |A| + ||W||."""
        return jnp.max(jnp.abs(self.relaxation)) + spectral_norm(self.weights)

    def penalty(self) -> Array:
        """Squares of all weights of the map, A towards 1."""
        parts = (self.weights, self.offset, self.drive)
        return jnp.sum((1.0 - self.relaxation) ** 2) + sum((jnp.sum(w**2) for w in parts), jnp.zeros(()))


class AlmostLinearRnn(AbstractLearner):
    """Almost-linear recurrent network: a piecewise-linear map with as few pieces as will do, and the code it makes.

    z' = A z + W phi(z) + h, where phi rectifies only the last P of M units: at most 2^P linear regions. The region the
    state is in is a symbol, and the sequence of symbols a symbolic code of the attractor. Brenner, Hemmer, Monfared,
    Durstewitz 2024, Almost-linear RNNs yield highly interpretable symbolic codes in dynamical systems reconstruction,
    NeurIPS, arXiv 2410.14240. As published: the map, its initial weights, M = 20 (Lorenz P = 2, Roessler P = 1), the
    first units forced by the data at every 16th step (Roessler 8), the others started by a learned linear map, RAdam
    with an exponential schedule.

    Different, and why: thousands of updates of shorter sequences instead of 100,000 of 200 (a laptop), with a higher
    learning rate for it; knobs enter linearly, so that the number of regions stays 2^P (a knob that multiplies the
    state can only be learned as far as the regions allow); in a world of more channels than units there are as many
    units as channels and rectified ones.

    The log has `code`: regions visited by free runs from validation states, their shares, the transition graph and
    entropies in nats a step.

    What misleads: a unit that never crosses zero makes no region, so the regions visited are what counts, not 2^P;
    which region is which symbol is arbitrary between two fits. Seen on Lorenz' system with two rectified units and 5 %
    error: two of three trainings kept both lobes, the third closed into a cycle, none has the density; seen exactly
    one came to rest (docs/learners-results.md, docs/attractors.md). The network that the authors ship is far from the
    floor of D_stsp, too (`benchmarks/published_almost_linear.py`).

    Attributes:
        budget: settings tried.
        units: latent units.
        rectified: of them, P.
        length: steps of a training sequence.
        updates: of the weights in each setting.
        batch: sequences in a minibatch.
        snapshots: free-run verdicts in each training.
        noise: added to what forces, in standard deviations.
        context: past observations that drive the state before a forecast.
        seeds: trained side by side in each setting.
        interval: steps from one forcing to the next; 0 searches 16, 8 and 25.
        rate: learning rate at its highest; 0 searches.
        judge: "forecast" keeps the snapshot that is right for longest, "attractor" the one whose long free runs visit
            the states of the validation data as often as they do (D_stsp + D_H), as the paper has it.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 2
    units: int = 20
    rectified: int = 2
    length: int = 100
    updates: int = 8000
    batch: int = 16
    snapshots: int = 10
    noise: float = 0.0
    context: int = 32
    seeds: int = 1
    interval: int = 0
    rate: float = 0.0
    judge: str = "forecast"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run, read its code."""
        self.check()
        sizes = Training.of(self)
        space = {
            "interval": (self.interval,) if self.interval else (16, 8, 25),
            "rate": (self.rate,) if self.rate else (5e-3, 2e-3),
        }
        fit = fit_recurrent(data, self._make, self._loss, space, sizes, name="almost_linear_rnn", key=key)
        began = clock.perf_counter()
        assert isinstance(fit.simulator, RecurrentSimulator)
        code = read_code(fit.simulator, data, key=jax.random.fold_in(key, 1))
        seconds = fit.log["seconds"] + clock.perf_counter() - began
        return Fit(fit.simulator, {**fit.log, "code": code, "seconds": seconds})

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        least = min(self.noise, self.interval, self.rate)
        if not 1 <= self.rectified <= 20 or self.units <= self.rectified or least < 0:
            raise BadSpec(
                "almost_linear_rnn: rectified must be 1 to 20, units more than that, noise, interval and rate at "
                "least 0"
            )
        check_training("almost_linear_rnn", Training.of(self))

    def _loss(self, setting: Setting, length: int) -> TeacherForced:
        return TeacherForced(
            level=1.0, interval=setting["interval"], length=length, updates=self.updates, noise=self.noise
        )

    def _make(self, world: World, key: PRNGKeyArray) -> AlmostLinearCell:
        units = max(self.units, world.channels + self.rectified)
        return almost_linear_cell(world, units, self.rectified, key=key)


def almost_linear_cell(world: World, units: int, rectified: int, *, key: PRNGKeyArray) -> AlmostLinearCell:
    """Untrained."""
    keys = jax.random.split(key, 4)
    return AlmostLinearCell(
        relaxation=relaxation(keys[0], units),
        weights=0.01 * jax.random.normal(keys[1], (units, units), jnp.float32),
        offset=jnp.zeros(units, jnp.float32),
        drive=uniform(keys[2], (units, world.inputs), units),
        lift=uniform(keys[3], (units - world.channels, world.channels), world.channels),
        channels=world.channels,
        rectified=rectified,
    )


def read_code(simulator: RecurrentSimulator, data: Data, *, key: PRNGKeyArray) -> dict[str, Any]:
    """The symbolic code of free runs from validation states, as plain data."""
    cell = simulator.cell
    assert isinstance(cell, AlmostLinearCell)
    context = simulator.card.context
    starts = validation_starts(data, context, reserve=context, starts=RUNS, steps=1)
    first = eqx.filter_jit(jax.vmap(lambda h, f, t: simulator.assimilate(h, f, time=t, key=key)))(
        starts.history, starts.forcing, starts.time
    )
    states = np.asarray(_free(simulator, first, starts.forcing, starts.time))
    whole = np.isfinite(states).all(axis=(1, 2))
    if not whole.any():
        return {"lost": float(np.mean(~whole))}
    symbols = region_symbols(states[whole][:, :, -cell.rectified :])
    return {**code_summary(symbols, most=2**cell.rectified), "lost": float(np.mean(~whole))}


@eqx.filter_jit
def _free(simulator: RecurrentSimulator, first: Array, forcing: Forcing, time: Array) -> Array:
    """[run, step, latent] of free runs."""

    def one(state: Array, forcing: Forcing, time: Array) -> Array:
        def step(state: Array, n: Array) -> tuple[Array, Array]:
            inputs = simulator.patches.forced(forcing.at(time + n * simulator.card.dt))[0]
            return simulator.cell.step(state, inputs), state

        return jax.lax.scan(step, state, jnp.arange(STEPS))[1]

    return jax.vmap(one)(first, forcing, time)
