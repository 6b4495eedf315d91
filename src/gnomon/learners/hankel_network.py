"""Structured network on delays: weights that are products of circulant and diagonal matrices."""

import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.recurrent_simulator import Training, World, check_training, fit_recurrent, uniform
from gnomon.spec.errors import BadSpec
from gnomon.training.search import Setting
from gnomon.training.teacher_forcing import AbstractForcedCell, TeacherForced


class Structured(eqx.Module):
    """y = sum over terms of diag(after) circulant(row) diag(before) x + offset: 3 n numbers a term instead of n^2.

    Any square matrix is a sum of such products (a diagonal times a shift for each of its n cyclic diagonals); one of
    low displacement rank is a sum of few.
    """

    before: Float[Array, "term n"]
    row: Float[Array, "term n"]
    after: Float[Array, "term n"]
    offset: Float[Array, " n"]

    def matrix(self) -> Float[Array, "n n"]:
        """The matrix itself."""
        n = self.offset.shape[0]
        shift = (jnp.arange(n)[:, None] - jnp.arange(n)) % n
        return jnp.sum(self.after[:, :, None] * self.row[:, shift] * self.before[:, None, :], axis=0)


class Dense(eqx.Module):
    """y = matrix @ x + offset."""

    matrix: Float[Array, "n n"]
    offset: Float[Array, " n"]


class HankelCell(AbstractForcedCell):
    """State: the last d observations, newest first, a column of the Hankel matrix of the data.

    The column, as newest observation and scaled differences, with the knobs, padded to n = width, goes through
    h = tanh(S1 u), h = h + tanh(S2 h), ..., each S structured; x' = x + spread * (readout @ h + linear @ u).
    """

    layers: tuple[Structured | Dense, ...]
    readout: Float[Array, "channel n"]
    linear: Float[Array, "channel felt"]
    spread: tuple[float, ...] = eqx.field(static=True)
    delays: int = eqx.field(static=True)

    def start(self, seen: Array) -> Array:
        """As if it had stood still."""
        return jnp.tile(seen, self.delays)

    def step(self, state: Array, inputs: Array) -> Array:
        """The column of the Hankel matrix moves on by one."""
        spread = jnp.asarray(self.spread, state.dtype)
        column = state.reshape(self.delays, -1)
        felt = jnp.concatenate([column[0], ((column[:-1] - column[1:]) / spread).ravel(), inputs])
        n = self.readout.shape[1]
        first, *others = dense_layers(self.layers)
        h = jnp.tanh(first.matrix @ jnp.pad(felt, (0, n - felt.shape[0])) + first.offset)
        for layer in others:
            h = h + jnp.tanh(layer.matrix @ h + layer.offset)
        new = column[0] + spread * (self.readout @ h + self.linear @ felt)
        return jnp.concatenate([new, state[: -len(self.spread)]])

    def observe(self, state: Array) -> Array:
        """The newest."""
        return state[: len(self.spread)]

    def signals(self, seen: Array) -> Array:
        """The newest is the observation."""
        return seen

    def ready(self) -> "HankelCell":
        """Multiplied out once for a run: at widths of tens a dense product is faster than Fourier transforms."""
        return HankelCell(dense_layers(self.layers), self.readout, self.linear, self.spread, self.delays)

    def bound(self) -> Array:
        """None is used: the column moves on with norm 1 whatever the weights are."""
        return jnp.asarray(jnp.inf, self.readout.dtype)

    def penalty(self) -> Array:
        """None."""
        return jnp.zeros((), self.readout.dtype)


def dense_layers(layers: tuple[Structured | Dense, ...]) -> tuple[Dense, ...]:
    """Structured matrices multiplied out."""
    return tuple(Dense(s.matrix(), s.offset) if isinstance(s, Structured) else s for s in layers)


class HankelNetwork(AbstractLearner):
    """Structured network on the Hankel delay operator (after StNN), with few parameters for its width.

    After "structured neural network" (Aluvihare, Lingsch, Li and Perera 2025, arXiv 2503.23697),
    of which this project knows the abstract alone: low-
    complexity structured matrices and a Hankel delay operator, fewer parameters and operations than a dense network of
    the same width. From there: the idea, delays as the input, structured weights. Everything else is ours, and no
    number of the paper compares with it: the family of matrices (sums of diagonal-circulant-diagonal products), the
    activation, the residual layers, the dense readout and linear part (channels x width), the prediction of an
    increment, training on sequences under forcing (`training.teacher_forcing`).

    What misleads: the savings are in trained parameters. At widths of tens a dense product is faster than Fourier
    transforms, so the matrices are multiplied out once for each minibatch, and the simulator carries them so.

    Attributes:
        budget: settings tried.
        delays: observations in a column.
        width: of the layers at least; what is needed for the column otherwise.
        terms: products in each structured matrix.
        depth: structured layers.
        length: steps of a training sequence, after as many to fill the column.
        updates: of the weights in each setting.
        batch: sequences in a minibatch.
        snapshots: free-run verdicts in each training.
        seeds: trained side by side in each setting.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 2
    delays: int = 4
    width: int = 48
    terms: int = 3
    depth: int = 2
    length: int = 16
    updates: int = 4000
    batch: int = 32
    snapshots: int = 8
    seeds: int = 1

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        sizes = self._sizes()
        space = {"forcing": (0.2, 0.05), "noise": (0.003, 0.0), "rate": (1e-2, 4e-3)}
        return fit_recurrent(data, self._make, self._loss, space, sizes, name="stnn", key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.delays, self.width, self.terms, self.depth, self.length) < 1 or self.delays > 32:
            raise BadSpec(
                "hankel_network: delays (at most 32), width, terms, depth and length must be at least 1"
            )
        check_training("stnn", self._sizes())

    def _sizes(self) -> Training:
        warm = self.delays - 1
        context = min(64, self.delays + 12)
        return Training.of(self, length=warm + self.length + 1, context=context)

    def _loss(self, setting: Setting, length: int) -> TeacherForced:
        return TeacherForced(
            level=setting["forcing"],
            noise=setting["noise"],
            length=length,
            warm=min(self.delays - 1, length - 1),
            updates=self.updates,
        )

    def _make(self, world: World, key: PRNGKeyArray) -> HankelCell:
        return hankel_cell(world, self.delays, self.width, self.terms, self.depth, key=key)


def hankel_cell(
    world: World, delays: int, width: int, terms: int, depth: int, *, key: PRNGKeyArray
) -> HankelCell:
    """Untrained: the last increment once more, where the column has one."""
    channels = world.channels
    felt = delays * world.channels + world.inputs
    n = max(width, felt)
    repeated = channels if delays > 1 else felt  # a diagonal beyond the matrix is empty
    keys = jax.random.split(key, depth + 1)
    return HankelCell(
        layers=tuple(_structured(k, n, terms) for k in keys[:-1]),
        readout=jnp.zeros((world.channels, n), jnp.float32),
        linear=jnp.eye(channels, felt, repeated, jnp.float32),
        spread=world.spread,
        delays=delays,
    )


def _structured(key: PRNGKeyArray, n: int, terms: int) -> Structured:
    keys = jax.random.split(key, 4)
    return Structured(
        before=jax.random.normal(keys[0], (terms, n), jnp.float32),
        row=jax.random.normal(keys[1], (terms, n), jnp.float32) / math.sqrt(n * terms),
        after=jax.random.normal(keys[2], (terms, n), jnp.float32),
        offset=uniform(keys[3], (n,), 1),
    )
