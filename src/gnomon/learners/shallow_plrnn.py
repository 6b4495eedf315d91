"""Shallow piecewise-linear network trained with generalised teacher forcing."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.recurrent_simulator import (
    Training,
    World,
    check_training,
    fit_recurrent,
    relaxation,
    uniform,
)
from gnomon.spec.errors import BadSpec
from gnomon.training.forced_estimates import spectral_norm
from gnomon.training.search import Setting
from gnomon.training.teacher_forcing import AbstractForcedCell, TeacherForced

SPREAD = 2.0  # thresholds start within so many standard deviations of the data


class ShallowCell(AbstractForcedCell):
    """z' = A z + W1 [relu(W2 z + D s + h2) - relu(W2 z + D s)] + C s + h1, with A diagonal.

    Attributes:
        readout: [channel, latent] linear observation model, where the latent state is smaller than what is observed;
            empty where the first latent coordinates are the observations themselves.
        lift: [hidden coordinate, channel] start of the coordinates that are not observed.
    """

    relaxation: Float[Array, " latent"]
    outer: Float[Array, "latent hidden"]
    inner: Float[Array, "hidden latent"]
    offset: Float[Array, " latent"]
    threshold: Float[Array, " hidden"]
    drive: Float[Array, "latent input"]
    inner_drive: Float[Array, "hidden input"]
    readout: Float[Array, "channel seen"]
    lift: Float[Array, "unseen channel"]
    channels: int = eqx.field(static=True)

    def start(self, seen: Array) -> Array:
        """The inverted observation, and a linear guess of the rest."""
        return jnp.concatenate([self.signals(seen), self.lift @ seen])

    def step(self, state: Array, inputs: Array) -> Array:
        """The clipped form: bounded orbits where every |A| < 1."""
        felt = self.inner @ state + self.inner_drive @ inputs
        hidden = jax.nn.relu(felt + self.threshold) - jax.nn.relu(felt)
        return self.relaxation * state + self.outer @ hidden + self.drive @ inputs + self.offset

    def observe(self, state: Array) -> Array:
        """The first coordinates, or a linear combination of all."""
        return self.readout @ state if self.readout.size else state[: self.channels]

    def signals(self, seen: Array) -> Array:
        """The observation itself, or its least-squares latent state."""
        if not self.readout.size:
            return seen
        gram = self.readout.T @ self.readout
        inverse = jnp.linalg.solve(gram + 1e-6 * jnp.eye(gram.shape[0], dtype=gram.dtype), self.readout.T)
        return seen @ inverse.T

    def ready(self) -> AbstractForcedCell:
        """Nothing to work out."""
        return self

    def bound(self) -> Array:
        """Max |A| + ||W1|| ||W2||."""
        return jnp.max(jnp.abs(self.relaxation)) + spectral_norm(self.outer) * spectral_norm(self.inner)

    def penalty(self) -> Array:
        """Squares of all weights of the map, A towards 1."""
        parts = (self.outer, self.inner, self.offset, self.threshold, self.drive, self.inner_drive)
        return jnp.sum((1.0 - self.relaxation) ** 2) + sum((jnp.sum(w**2) for w in parts), jnp.zeros(()))


class ShallowPlrnn(AbstractLearner):
    """Shallow piecewise-linear recurrent network (clipped form) under generalised teacher forcing.

    z' = A z + W1 [relu(W2 z + h2) - relu(W2 z)] + h1, trained on z~ = (1 - a) z + a zbar. Hess, Monfared, Brenner,
    Durstewitz 2023, Generalized teacher forcing for learning chaotic dynamics, ICML, arXiv 2306.04406. As published:
    the map, its initial weights, the loss, RAdam with an exponential schedule, the adaptive strength (estimate every 5
    updates, taken at once when above the present one, else approached; estimators by parameter bound, geometric mean of
    norms along a sequence, norm of the mean Jacobian), the linear observation model inverted by least squares.

    Different, and why: thousands of updates of sequences of 50 instead of 250,000 of 200 (a laptop), with a higher
    learning rate and a faster approach of the strength for it; thresholds h2 start spread over the range of the data
    (uniform in +-2 instead of +-1 / sqrt(L), where every kink starts near the origin: the same loss was reached with a
    fraction of the updates); knobs enter inside the rectifiers too, not by C s alone, or a knob that multiplies the
    state could not be told apart; noise is added to what forces and not to the targets; the strength is searched among
    fixed ones and an adaptive one; the latent state at the start of a forecast comes from a driven run whose pull is
    chosen on validation data.

    What misleads: a small training error under strong forcing says nothing of the free run, and the free runs by which
    snapshots are chosen nothing of longer ones: in the study `gtf` runs of 100,000 steps end in a cycle.

    Attributes:
        budget: settings tried.
        latent: coordinates of the state; 0 for as many as are observed, fewer for a linear observation model.
        hidden: rectified units.
        length: steps of a training sequence.
        updates: of the weights in each setting.
        batch: sequences in a minibatch.
        snapshots: free-run verdicts in each training.
        noise: added to what forces, in standard deviations.
        regulariser: weight of the squares of all weights.
        context: past observations that drive the state before a forecast.
        seeds: trained side by side in each setting.
        forcing: strength of the pull; 0 searches 0.2, 0.1 and an adaptive one.
        rate: learning rate at its highest; 0 searches.
        judge: "forecast" keeps the snapshot that is right for longest, "attractor" the one whose long free runs visit
            the states of the validation data as often as they do (D_stsp + D_H), as the paper has it.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 3
    latent: int = 0
    hidden: int = 128
    length: int = 50
    updates: int = 8000
    batch: int = 16
    snapshots: int = 8
    noise: float = 0.0
    regulariser: float = 0.0
    context: int = 16
    seeds: int = 1
    forcing: float = 0.0
    rate: float = 0.0
    judge: str = "forecast"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        sizes = Training.of(self)
        space = {
            "forcing": (self.forcing,) if self.forcing else (0.2, "arithmetic", 0.1),
            "rate": (self.rate,) if self.rate else (1e-2, 5e-3),
        }
        return fit_recurrent(data, self._make, self._loss, space, sizes, name="shallow_plrnn", key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        least = min(self.latent, self.noise, self.regulariser, self.forcing, self.rate)
        if least < 0 or self.hidden < 1 or self.forcing > 1:
            raise BadSpec(
                "shallow_plrnn: latent, noise, regulariser, forcing and rate must be at least 0, hidden at least 1, "
                "forcing at most 1"
            )
        check_training("shallow_plrnn", Training.of(self))

    def _loss(self, setting: Setting, length: int) -> TeacherForced:
        forcing = setting["forcing"]
        adaptive = isinstance(forcing, str)
        return TeacherForced(
            level=1.0 if adaptive else forcing,
            estimator=forcing if adaptive else "fixed",
            length=length,
            updates=self.updates,
            noise=self.noise,
            weight=self.regulariser,
            decay=0.97,
        )

    def _make(self, world: World, key: PRNGKeyArray) -> ShallowCell:
        return shallow_cell(world, self.latent or world.channels, self.hidden, key=key)


def shallow_cell(world: World, latent: int, hidden: int, *, key: PRNGKeyArray) -> ShallowCell:
    """Untrained; a linear observation model starts from the principal components of the data."""
    keys = jax.random.split(key, 7)
    channels = world.channels
    fewer = latent < channels
    readout = principal(world, latent) if fewer else jnp.zeros((channels, 0), jnp.float32)
    return ShallowCell(
        relaxation=relaxation(keys[0], latent),
        outer=uniform(keys[1], (latent, hidden), hidden),
        inner=uniform(keys[2], (hidden, latent), latent),
        offset=jnp.zeros(latent, jnp.float32),
        threshold=jax.random.uniform(keys[3], (hidden,), jnp.float32, -SPREAD, SPREAD),
        drive=uniform(keys[4], (latent, world.inputs), latent),
        inner_drive=uniform(keys[5], (hidden, world.inputs), latent),
        readout=readout,
        lift=uniform(keys[6], (0 if fewer else latent - channels, channels), channels),
        channels=channels,
    )


def principal(world: World, count: int) -> Float[Array, "channel component"]:
    """Leading principal components of the training data, scaled so that latent coordinates have variance 1."""
    flat = world.sequences.z.reshape(-1, world.channels)
    variances, vectors = jnp.linalg.eigh(flat.T @ flat / flat.shape[0])
    return vectors[:, ::-1][:, :count] * jnp.sqrt(jnp.maximum(variances[::-1][:count], 1e-12))
