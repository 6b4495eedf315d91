"""Long short-term memory, teacher-forced with noise, run in closed loop."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.recurrent_simulator import Training, World, check_training, fit_recurrent, uniform
from gnomon.spec.errors import BadSpec
from gnomon.training.search import Setting
from gnomon.training.teacher_forcing import AbstractForcedCell, TeacherForced


class LstmCell(AbstractForcedCell):
    """State (x, h, c): the network hears its own x and the knobs, and its output is added to x.

    i, f, o = sigmoid(.), g = tanh(.) of weights @ (x, s, h) + offset; c' = f c + i g; h' = o tanh(c');
    x' = x + spread * (readout @ h' + shift), spread the standard deviation of one-step increments.
    """

    weights: Float[Array, "gates felt"]
    offset: Float[Array, " gates"]
    readout: Float[Array, "channel hidden"]
    shift: Float[Array, " channel"]
    spread: tuple[float, ...] = eqx.field(static=True)
    hidden: int = eqx.field(static=True)

    def start(self, seen: Array) -> Array:
        """The observation and an empty memory."""
        return jnp.concatenate([seen, jnp.zeros(2 * self.hidden, seen.dtype)])

    def step(self, state: Array, inputs: Array) -> Array:
        """One step of the closed loop."""
        seen = len(self.spread)
        x, h, c = state[:seen], state[seen : seen + self.hidden], state[seen + self.hidden :]
        gates = self.weights @ jnp.concatenate([x, inputs, h]) + self.offset
        let_in, keep, out, new = jnp.split(gates, 4)
        c = jax.nn.sigmoid(keep) * c + jax.nn.sigmoid(let_in) * jnp.tanh(new)
        h = jax.nn.sigmoid(out) * jnp.tanh(c)
        x = x + jnp.asarray(self.spread, x.dtype) * (self.readout @ h + self.shift)
        return jnp.concatenate([x, h, c])

    def observe(self, state: Array) -> Array:
        """X."""
        return state[: len(self.spread)]

    def signals(self, seen: Array) -> Array:
        """X is the observation; the memory is never forced."""
        return seen

    def ready(self) -> AbstractForcedCell:
        """Nothing to work out."""
        return self

    def bound(self) -> Array:
        """Gates multiply the memory: no bound from the parameters alone."""
        return jnp.asarray(jnp.inf, self.shift.dtype)

    def penalty(self) -> Array:
        """None."""
        return jnp.zeros((), self.shift.dtype)


class Lstm(AbstractLearner):
    """Long short-term memory, teacher-forced with noise on long sequences and run in closed loop.

    The cell is Hochreiter and Schmidhuber 1997, doi 10.1162/neco.1997.9.8.1735, with the forget gate of Gers et al.
    2000, doi 10.1162/089976600300015015, whose bias starts at 1 (Jozefowicz et al. 2015). Teacher forcing: Williams and
    Zipser 1989, doi 10.1162/neco.1989.1.2.270; in closed loop on chaotic systems: Vlachas et al. 2018,
    doi 10.1098/rspa.2017.0844. As published: the cell, forcing of the input by the data, one layer, a linear readout,
    a memory warmed on the past before a forecast.

    Different, and why: the readout is an increment and not the next state (a step changes little); noise on what forces
    (it teaches the network to come back); a setting of the search forces with a fifth of the strength, as in
    `training.teacher_forcing`, so that the network also learns from its own output; full back-propagation along the
    sequence instead of a truncated one; the first steps of a sequence, over which the memory fills, do not count.

    Attributes:
        budget: settings tried.
        hidden: units of the memory.
        length: steps of a training sequence.
        warm: of them, steps that only fill the memory.
        updates: of the weights in each setting.
        batch: sequences in a minibatch.
        snapshots: free-run verdicts in each training.
        context: past observations that fill the memory before a forecast.
        seeds: trained side by side in each setting.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 2
    hidden: int = 48
    length: int = 48
    warm: int = 12
    updates: int = 4000
    batch: int = 32
    snapshots: int = 8
    context: int = 24
    seeds: int = 1

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        sizes = Training.of(self)
        space = {"forcing": (1.0, 0.2), "noise": (0.01, 0.03, 0.0), "rate": (1e-2, 4e-3)}
        first = {"forcing": 0.2, "noise": 0.01, "rate": 1e-2}
        return fit_recurrent(data, self._make, self._loss, space, sizes, name="lstm", defaults=first, key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.hidden < 1 or not 0 <= self.warm < self.length:
            raise BadSpec("lstm: hidden must be at least 1 and warm shorter than length")
        check_training("lstm", Training.of(self))

    def _loss(self, setting: Setting, length: int) -> TeacherForced:
        return TeacherForced(
            level=setting["forcing"],
            noise=setting["noise"],
            length=length,
            warm=min(self.warm, length - 1),
            updates=self.updates,
        )

    def _make(self, world: World, key: PRNGKeyArray) -> LstmCell:
        return lstm_cell(world, self.hidden, key=key)


def lstm_cell(world: World, hidden: int, *, key: PRNGKeyArray) -> LstmCell:
    """Untrained; the forget gate starts open."""
    keys = jax.random.split(key, 2)
    felt = world.channels + world.inputs + hidden
    bias = np.zeros(4 * hidden, np.float32)
    bias[hidden : 2 * hidden] = 1.0
    return LstmCell(
        weights=uniform(keys[0], (4 * hidden, felt), hidden),
        offset=jnp.asarray(bias),
        readout=uniform(keys[1], (world.channels, hidden), hidden),
        shift=jnp.zeros(world.channels, jnp.float32),
        spread=world.spread,
        hidden=hidden,
    )
