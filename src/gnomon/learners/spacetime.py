"""Companion state spaces: layers that can be exactly autoregressive, and a decoder that runs on its own output.

Zhang, Saab, Poli, Dao, Goel and Re 2023 (ICLR), "Effectively modeling time series with simple discrete state
spaces", arXiv 2303.09489.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.window_simulator import Plan, Sizes, check_plan, fit_windows
from gnomon.numerics.companion import bounded_column, closed_loop, open_loop
from gnomon.numerics.sequence_layers import Dense, Norm, dense, norm
from gnomon.spec.errors import BadSpec


class CompanionLayer(eqx.Module):
    """One companion state space a channel, and a skip: y_k = C x_{k+1} + D u_k.

    Attributes:
        column: last column of the transition; used within a sum of magnitudes of 1.
        into: B.
        out: C.
        skip: D.
    """

    column: Float[Array, "channel hidden"]
    into: Float[Array, "channel hidden"]
    out: Float[Array, "channel hidden"]
    skip: Float[Array, " channel"]

    def __call__(self, inputs: Float[Array, "time channel"]) -> Float[Array, "time channel"]:
        """Open loop, by convolution."""
        outputs, _ = open_loop(bounded_column(self.column), self.into, self.out, inputs)
        return outputs + self.skip * inputs

    def continued(
        self, inputs: Float[Array, "time channel"], feedback: Float[Array, "channel hidden"], steps: int
    ) -> Float[Array, "step channel"]:
        """Closed loop: after the inputs the layer feeds itself, u = K x."""
        column = bounded_column(self.column)
        _, state = open_loop(column, self.into, self.out, inputs)
        return closed_loop(column, self.into, self.out, feedback, state, steps)


def companion_layer(channels: int, hidden: int, *, key: PRNGKeyArray) -> CompanionLayer:
    """B starts as the first unit vector, so the state is the last inputs; C is random."""
    first, second = jax.random.split(key)
    shape = (channels, hidden)
    return CompanionLayer(
        column=0.1 / hidden * jax.random.normal(first, shape, jnp.float32),
        into=jnp.zeros(shape, jnp.float32).at[:, 0].set(1.0),
        out=jax.random.normal(second, shape, jnp.float32) / np.float32(np.sqrt(hidden)),
        skip=jnp.ones(channels, jnp.float32),
    )


class SpaceTimeBlock(eqx.Module):
    """h <- h + narrow(gelu(wide(companion(norm(h)))))."""

    norm: Norm
    space: CompanionLayer
    wide: Dense
    narrow: Dense

    def __call__(self, h: Float[Array, "time width"]) -> Float[Array, "time width"]:
        """Causal in time."""
        return h + self.narrow(jax.nn.gelu(self.wide(self.space(self.norm(h)))))


class SpaceTimeCore(eqx.Module):
    """Rows -> blocks -> one companion layer closed on itself -> increments over 1 ... K steps."""

    embed: Dense
    blocks: tuple[SpaceTimeBlock, ...]
    norm: Norm
    decoder: CompanionLayer
    feedback: Float[Array, "width hidden"]
    wide: Dense
    head: Dense
    tokens: int = eqx.field(static=True)

    def __call__(self, rows: Float[Array, "row input"]) -> tuple[Array]:
        """[1, output]."""
        h = self.embed(rows)
        for block in self.blocks:
            h = block(h)
        ahead = self.decoder.continued(self.norm(h), self.feedback, self.tokens)
        return (self.head(jax.nn.gelu(self.wide(ahead))).reshape(1, -1),)


def spacetime_core(sizes: Sizes, width: int, depth: int, hidden: int, *, key: PRNGKeyArray) -> SpaceTimeCore:
    """A silent head: the network starts as the linear forecast."""
    keys = jax.random.split(key, 3 * depth + 4)
    blocks = [
        SpaceTimeBlock(
            norm=norm(width),
            space=companion_layer(width, hidden, key=keys[3 * n]),
            wide=dense(width, 2 * width, key=keys[3 * n + 1]),
            narrow=dense(2 * width, width, key=keys[3 * n + 2]),
        )
        for n in range(depth)
    ]
    return SpaceTimeCore(
        embed=dense(sizes.inputs, width, key=keys[-1]),
        blocks=tuple(blocks),
        norm=norm(width),
        decoder=companion_layer(width, hidden, key=keys[-2]),
        feedback=0.3
        * jax.random.normal(keys[-3], (width, hidden), jnp.float32)
        / np.float32(np.sqrt(hidden)),
        wide=dense(width, 2 * width, key=keys[-4]),
        head=dense(2 * width, sizes.channels, size=0.0, key=keys[0]),
        tokens=sizes.tokens,
    )


class SpaceTime(AbstractLearner):
    r"""Companion state spaces on the window of the last states, with a closed-loop decoder.

    .. math::
        x_{k+1} = A x_k + B u_k, \quad y_k = C x_k, \quad
        y_{n+h} = C (A + B K)^h x_n, \qquad A = \text{shift} + a\, e_d^\top

    (Zhang et al. 2023, arXiv 2303.09489). As published: companion transitions with a normalised last column, many
    single channels in a layer, encoder layers open loop by Fourier convolution, a decoder that goes on with its own
    inputs, feed-forward layers between. Different: no fixed layers for differences and moving averages, because the
    rows already hold differences; the kernel is summed from powers in order, not by the paper's faster formula, which
    pays for longer windows; the forecast is increments to the next states, and the simulator is asked again after
    `consume` of them (see `window_simulator`).

    What misleads: a linear state space cannot be chaotic, closed loop or not; what is learned of chaos sits in the
    feed-forward layers, and the closed loop serves the few states of one forecast.

    Attributes:
        budget: settings tried.
        width: channels of a layer.
        depth: encoder layers.
        hidden: numbers in a channel's state.
        context: states in the window.
        tokens: states predicted at once.
        consume: of these, taken before the network is asked again.
        updates: of the weights in each setting.
        batch: windows in a minibatch.
        unroll: calls in the free runs of the second stage.
        radius: neighbours on each side that a site of a ring sees.
    """

    version: ClassVar[int] = 3
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 2
    width: int = 32
    depth: int = 2
    hidden: int = 4
    context: int = 5
    tokens: int = 4
    consume: int = 1
    updates: int = 2000
    batch: int = 128
    unroll: int = 6
    radius: int = 3

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        return fit_windows(
            data,
            Plan.of(self),
            lambda sizes, key: spacetime_core(sizes, self.width, self.depth, self.hidden, key=key),
            {"noise": (0.0, 0.003), "rate": (5e-3, 2e-3)},
            name="spacetime",
            budget=self.budget,
            key=key,
        )  # fmt: skip

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.width, self.depth, self.hidden) < 1:
            raise BadSpec("spacetime: width, depth and hidden must be at least 1")
        check_plan(Plan.of(self), "spacetime", self.budget)
