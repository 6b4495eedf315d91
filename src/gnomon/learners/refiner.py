"""Refiner: a U-Net that steps once, then removes noise that was added to its own answer, at falling levels."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.field_emulator import (
    AbstractFieldNetwork,
    FieldSimulator,
    Plan,
    Predict,
    check_plan,
    fit_emulator,
    told_to_network,
)
from gnomon.learners.unet import UNetwork, new_u_network
from gnomon.numerics.fields import Fields
from gnomon.numerics.geometry import Geometry
from gnomon.spec.cards import SimulatorCard, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.training.windows import Sequences, Unrolled

PUBLISHED = np.sqrt(4e-7)  # the last level of the authors' code, whose numbers are variances
LARGEST = 0.5  # of a last level that is taken from the observation error


class RefinerNetwork(AbstractFieldNetwork):
    """One U-Net for all passes: the first predicts the increment, the others the noise that an increment is given with.

    Attributes:
        unet: besides the state it sees a noisy increment and which pass it is; nothing and none in the first.
        channels: of an increment.
        passes: after the first.
    """

    unet: UNetwork
    channels: int = eqx.field(static=True)
    passes: int = eqx.field(static=True)

    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site channel"]:
        """The first pass."""
        nothing = jnp.zeros((geometry.sites, self.channels), x.dtype)
        return self._passed(geometry, x, nothing, jnp.zeros((), int))

    def noise(
        self, geometry: Geometry, x: Array, noisy: Array, number: Array
    ) -> Float[Array, "site channel"]:
        """What pass `number`, from 1, takes for noise in an increment."""
        return self._passed(geometry, x, noisy, number)

    def _passed(self, geometry: Geometry, x: Array, noisy: Array, number: Array) -> Array:
        if not self.passes:
            return self.unet(geometry, x)
        which = (jnp.arange(1, self.passes + 1) == number).astype(x.dtype)
        told = jnp.broadcast_to(which, (geometry.sites, self.passes))
        return self.unet(geometry, jnp.concatenate([x, noisy, told], axis=1))


def falling_sizes(passes: int, smallest: float) -> Float[np.ndarray, " number"]:
    """Standard deviations smallest^(k / passes) of the noise in pass k = 1 … passes, in increments."""
    return smallest ** (np.arange(1, passes + 1) / max(1, passes))


def refined(
    network: RefinerNetwork, geometry: Geometry, x: Array, sizes: Array, *, key: PRNGKeyArray
) -> Float[Array, "site channel"]:
    """An increment, drawn: the first pass, then for every size noise on top and what the network sees of it off."""
    first = network(geometry, x)
    if not network.passes:
        return first

    def one(increment: Array, told: tuple[Array, Array]) -> tuple[Array, None]:
        size, number = told
        drawn = jax.random.normal(jax.random.fold_in(key, number), increment.shape, increment.dtype)
        noisy = increment + size * drawn
        return noisy - size * network.noise(geometry, x, noisy, number), None

    return jax.lax.scan(one, first, (sizes, jnp.arange(1, network.passes + 1)))[0]


class RefinedSimulator(AbstractSimulator[Array]):
    """The plain stepper of `field_emulator` with a drawn increment; fresh noise at every step."""

    card: SimulatorCard = eqx.field(static=True)
    fields: Fields
    spread: Float[Array, " channel"]
    network: RefinerNetwork
    sizes: Float[Array, " number"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """[delay, site, channel] standardised."""
        return self.fields.encode(history)

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """One draw; the oldest state leaves the window."""
        amplitudes = self.fields.amplitudes(forcing.at(time))
        x = told_to_network(self.fields, self.spread, state, amplitudes)
        increment = refined(self.network, self.fields.geometry, x, self.sizes, key=key)
        new = state[-1] + self.fields.settled(self.spread * increment)
        return jnp.concatenate([state[1:], new[None]])

    def observe(self, state: Array) -> Obs:
        """The newest state, in its own units."""
        return self.fields.decode(state[-1])


class RefinementLoss(eqx.Module):
    """The loss of the first pass on free steps, and the squared error of the noise that one of the others is to find.

    Attributes:
        free: of the first pass.
        predict: what `free` calls; its constants are those of the other passes.
        sizes: of the noise in each.
    """

    free: Unrolled
    predict: Predict
    sizes: Float[Array, " number"]

    def __call__(
        self,
        model: RefinerNetwork,
        memory: tuple,
        data: Sequences,
        rows: Array,
        progress: Array,
        key: PRNGKeyArray,
    ) -> tuple[Array, tuple]:
        """`rows` is [window, 2]; passes count alike, as if each window drew one of them."""
        first, memory = self.free(model, memory, data, rows, progress, key)
        passes = len(self.sizes)
        if not passes:
            return first, memory
        keys = jax.random.split(jax.random.fold_in(key, 1), rows.shape[0])
        found = jnp.mean(jax.vmap(lambda at, k: self._missed(model, data, at, key=k))(rows, keys))
        return (first + passes * found) / (1 + passes), memory

    def _missed(
        self, model: RefinerNetwork, data: Sequences, at: Array, *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        """Of one window and one step from it: refinement knows no free steps."""
        free, (fields, spread) = self.free, (self.predict.fields, self.predict.spread)
        which, start, drawn = jax.random.split(key, 3)
        z = data.z[at[0], at[1] + jnp.arange(1 - free.delays, 2)]
        past = z[:-1]
        window = past + free.noise * jax.random.normal(start, past.shape, past.dtype)
        x = told_to_network(fields, spread, window, data.forced[at[0], at[1], 0])
        number = jax.random.randint(which, (), 1, len(self.sizes) + 1)
        noise = jax.random.normal(drawn, window[-1].shape, window.dtype)
        noisy = (z[-1] - window[-1]) / spread + self.sizes[number - 1] * noise
        made = model.noise(fields.geometry, x, noisy, number)
        area = jnp.asarray(fields.geometry.weights()[:, None], noise.dtype)
        return jnp.mean(area * (made - noise) ** 2)


class Refiner(AbstractLearner):
    r"""A generative stepper: the increment of a U-Net, refined by removing noise of falling size; every run is a draw.

    .. math::
        y_0 = f_\theta(x, 0, 0), \qquad \tilde y_k = y_{k-1} + \sigma_k \epsilon_k, \quad
        y_k = \tilde y_k - \sigma_k f_\theta(x, \tilde y_k, k), \qquad \sigma_k = \sigma_{min}^{k/K}, \;
        \epsilon_k \sim \mathcal N(0, 1)

    PDE-Refiner (Lippe, Veeling, Perdikaris, Turner and Brandstetter 2023, arXiv 2308.05732). A squared error sees only
    the large waves; a pass that has to find noise of size sigma_k sees whatever is of that size, and the noise makes an
    ensemble. Network, frame, training and settings are those of `unet`, which is K = 0 bit for bit.

    As published: one network for all passes, zeros in place of the noisy increment in the first, the sequence of
    levels, the noise as what is predicted, every pass with the same weight in the loss, three refinements.
    Different: the authors' own code for Kuramoto-Sivashinsky starts from pure noise and predicts the "velocity" of a
    diffusion; here it is their paper's pseudocode. Its smallest level is called a standard deviation and used as a
    variance: 4e-7 is 6.3e-4 here. The smallest level is by default the observation error of an increment that the
    card declares, which the paper, whose data have none, does not know. The first pass is also trained on unrolled
    steps, as `unet` is (never there); refinement is learnt on single steps. Every window trains the first pass
    and one other (one of all there). The pass is told by channels at the input (scales and shifts in every block
    there), the U-Net is small and without normalisation, increments are in units of their own standard deviation
    (of 0.3 there), and there is no moving average of weights.

    What misleads: a step costs K + 1 passes, an update one more than that of `unet`. Spread is too small by
    construction: a pass takes off the mean of the noise that may have been there, and what was unknown shrinks along;
    with a perfect network, at most half of a Gaussian spread is left after three passes that fall tenfold (a tenth
    where it is that of the increment itself), at most 0.71 after any number. Noise that a pass has not learnt to find
    stays, and is spread that nothing unknown stands behind. `calibrated` measures which, and widens. Passes are trained
    on true increments and run on their own, which err by more than the first level where training was short. Snapshots
    are chosen by one draw from each start. Noise is independent from point to point: on a sphere it is fine-grained at
    the poles, and a variable without axes gets the mean over the points, which is small.

    Attributes:
        budget: settings tried.
        refinements: K, passes after the first; none makes it `unet`.
        smallest: the last level, in standard deviations of an increment; 0 for the observation error of an increment,
            the smallest over channels, within 6.3e-4 and 0.5.
        width: channels on the finest grid; they double with every level.
        levels: grids below the finest, at most; fewer where the grid cannot be halved.
        delays: observations in the input.
        updates: of the weights in each setting, both phases together.
        batch: windows times sites in a minibatch; never fewer than four windows.
        unroll: steps in the second phase.
        positions: whether sites are told where they are: auto (where the world is not the same everywhere), on, off.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 3
    refinements: int = 3
    smallest: float = 0.0
    width: int = 16
    levels: int = 2
    delays: int = 1
    updates: int = 2400
    batch: int = 1024
    unroll: int = 4
    positions: str = "auto"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()

        def sizes(fields: Fields, spread: Array) -> Array:
            smallest = self.smallest or error_of_increments(data.card, fields, spread)
            return jnp.asarray(falling_sizes(self.refinements, smallest), spread.dtype)

        def taught(free: Unrolled) -> RefinementLoss:
            predict = free.predict
            assert isinstance(predict, Predict)
            return RefinementLoss(free, predict, sizes(predict.fields, predict.spread))

        def run(plain: FieldSimulator) -> RefinedSimulator:
            network = plain.network
            assert isinstance(network, RefinerNetwork)
            card = msgspec.structs.replace(plain.card, stochastic=self.refinements > 0)
            return RefinedSimulator(
                card, plain.fields, plain.spread, network, sizes(plain.fields, plain.spread)
            )

        plan = Plan.of("refiner", self)
        return fit_emulator(plan, self._start, data, taught=taught, run=run, key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.width < 1 or min(self.levels, self.refinements) < 0 or not 0.0 <= self.smallest < 1.0:
            raise BadSpec(
                "refiner: width must be at least 1, levels and refinements not negative, smallest below 1 and not "
                "negative"
            )
        check_plan(Plan.of("refiner", self))

    def _start(
        self, geometry: Geometry, inputs: int, outputs: int, rng: np.random.Generator
    ) -> AbstractFieldNetwork:
        return new_refiner_network(
            geometry, inputs, outputs, rng, width=self.width, levels=self.levels, passes=self.refinements
        )


def new_refiner_network(
    geometry: Geometry,
    inputs: int,
    outputs: int,
    rng: np.random.Generator,
    *,
    width: int,
    levels: int,
    passes: int,
) -> RefinerNetwork:
    """Untrained; its output is zero, so that all noise stays."""
    more = outputs + passes if passes else 0
    unet = new_u_network(geometry, inputs + more, outputs, rng, width=width, levels=levels)
    return RefinerNetwork(unet, outputs, passes)


def error_of_increments(card: WorldCard, fields: Fields, spread: Array) -> float:
    """Standard deviation of the declared observation error of a difference, over that of an increment.

    The smallest over channels; within PUBLISHED and LARGEST.
    """
    errors, none = (
        fields.encode({v.name: np.full(v.shape, size * v.obs_error) for v in card.variables})
        for size in (1, 0)
    )
    found = np.sqrt(2.0) * np.min(np.asarray((errors - none) / spread))
    return float(np.clip(found, PUBLISHED, LARGEST))
