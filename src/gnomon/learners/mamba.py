"""Selective state spaces: linear recurrences whose coefficients follow the input.

Gu and Dao 2023, arXiv 2312.00752; with variables as tokens, Wang et al. 2025, doi 10.1016/j.neucom.2024.129178
(S-Mamba, arXiv 2403.11144).
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
from gnomon.numerics.selective_scan import selective_scan
from gnomon.numerics.sequence_layers import CausalConvolution, Dense, Norm, causal_convolution, dense, norm
from gnomon.spec.errors import BadSpec

TOKENS = ("times", "variates")
STEPS = (1e-3, 1e-1)  # of the recurrence at the start, as published
KERNEL = 4  # lags of the convolution, as published


class MambaBlock(eqx.Module):
    """x + out(silu(gate) * ssm(silu(convolve(u)))), (u, gate) = split(norm(x)); steps, B and C are linear in u."""

    norm: Norm
    split: Dense
    convolve: CausalConvolution
    squeeze: Dense
    step: Dense
    into: Dense
    read: Dense
    rates: Float[Array, "channel hidden"]
    skip: Float[Array, " channel"]
    out: Dense

    def __call__(self, x: Float[Array, "time width"]) -> Float[Array, "time width"]:
        """Causal in time."""
        u, gate = jnp.split(self.split(self.norm(x)), 2, axis=-1)
        u = jax.nn.silu(self.convolve(u))
        step = jax.nn.softplus(self.step(self.squeeze(u)))
        y = selective_scan(u, step, -jnp.exp(self.rates), self.into(u), self.read(u), self.skip)
        return x + self.out(y * jax.nn.silu(gate))


def mamba_block(width: int, hidden: int, *, expand: int = 2, key: PRNGKeyArray) -> MambaBlock:
    """As published: A_n = -n, steps log-uniform in STEPS, their rank width / 16 rounded up."""
    wide = expand * width
    keys = jax.random.split(key, 8)
    rank = -(-width // 16)
    low, high = np.log(STEPS)
    steps = jnp.exp(jax.random.uniform(keys[0], (wide,), jnp.float32, low, high))
    step = dense(rank, wide, key=keys[1])
    return MambaBlock(
        norm=norm(width),
        split=dense(width, 2 * wide, key=keys[2]),
        convolve=causal_convolution(KERNEL, wide, key=keys[3]),
        squeeze=dense(wide, rank, key=keys[4]),
        step=Dense(step.weights, jnp.log(jnp.expm1(steps))),
        into=dense(wide, hidden, key=keys[5]),
        read=dense(wide, hidden, key=keys[6]),
        rates=jnp.broadcast_to(jnp.log(jnp.arange(1, hidden + 1, dtype=jnp.float32)), (wide, hidden)) + 0,
        skip=jnp.ones(wide, jnp.float32),
        out=dense(wide, width, key=keys[7]),
    )


class MambaCore(eqx.Module):
    """Rows -> blocks -> increments at every row."""

    embed: Dense
    blocks: tuple[MambaBlock, ...]
    norm: Norm
    head: Dense

    def __call__(self, rows: Float[Array, "row input"]) -> tuple[Array]:
        """[position, output], a position at every row."""
        h = self.embed(rows)
        for block in self.blocks:
            h = block(h)
        return (self.head(self.norm(h)),)


class VariateBlock(eqx.Module):
    """A block over the variables in each direction, added, then a feed-forward layer on each."""

    onward: MambaBlock
    backward: MambaBlock
    norm: Norm
    wide: Dense
    narrow: Dense

    def __call__(self, h: Float[Array, "variable width"]) -> Float[Array, "variable width"]:
        """Every variable sees every other."""
        h = self.onward(h) + self.backward(h[::-1])[::-1] - h
        return h + self.narrow(jax.nn.gelu(self.wide(self.norm(h))))


class VariateCore(eqx.Module):
    """Each variable's window, with the knobs, is one token; the sequence is the variables."""

    embed: Dense
    place: Float[Array, "variable width"]
    blocks: tuple[VariateBlock, ...]
    norm: Norm
    head: Dense

    def __call__(self, rows: Float[Array, "row input"]) -> tuple[Array]:
        """[1, output]."""
        channels = self.place.shape[0]
        states, changes, forced = jnp.split(rows, (channels, 2 * channels), axis=1)
        shared = jnp.broadcast_to(forced[-1], (channels, forced.shape[1]))
        h = self.embed(jnp.concatenate([states.T, changes.T, shared], axis=1)) + self.place
        for block in self.blocks:
            h = block(h)
        return (self.head(self.norm(h)).T.reshape(1, -1),)


def mamba_core(sizes: Sizes, width: int, depth: int, hidden: int, *, key: PRNGKeyArray) -> MambaCore:
    """A silent head: the network starts as the linear forecast."""
    keys = jax.random.split(key, depth + 1)
    return MambaCore(
        embed=dense(sizes.inputs, width, key=keys[-1]),
        blocks=tuple(mamba_block(width, hidden, key=k) for k in keys[:-1]),
        norm=norm(width),
        head=dense(width, sizes.outputs, size=0.0, key=keys[0]),
    )


def variate_core(sizes: Sizes, width: int, depth: int, hidden: int, *, key: PRNGKeyArray) -> VariateCore:
    """One site only: channels are the variables."""
    keys = jax.random.split(key, 4 * depth + 2)
    return VariateCore(
        embed=dense(2 * sizes.rows + sizes.knobs, width, key=keys[-1]),
        place=jax.random.normal(keys[-2], (sizes.channels, width), jnp.float32),
        blocks=tuple(
            VariateBlock(
                onward=mamba_block(width, hidden, key=keys[4 * n]),
                backward=mamba_block(width, hidden, key=keys[4 * n + 1]),
                norm=norm(width),
                wide=dense(width, 2 * width, key=keys[4 * n + 2]),
                narrow=dense(2 * width, width, key=keys[4 * n + 3]),
            )
            for n in range(depth)
        ),
        norm=norm(width),
        head=dense(width, sizes.tokens, size=0.0, key=keys[0]),
    )


class Mamba(AbstractLearner):
    r"""Selective state space on the window of the last states.

    .. math::
        h_t = e^{\Delta_t A} h_{t-1} + \Delta_t B_t u_t, \qquad y_t = C_t h_t + D u_t,

    with step, B and C linear in the input u (Gu and Dao 2023, arXiv 2312.00752). As published: the block (norm,
    split, causal convolution of four lags, selective scan, gate, residual), the diagonal A = -1, -2, ..., the
    range of first steps, the step of low rank. Different: rows of states are tokens and the
    output is increments to the next states (see `window_simulator`); small; recomputed over the window at each step,
    so that the simulator's state is observations and not hidden numbers that nobody can assimilate.

    `kind` = "variates" makes each variable's window one token, mixed over variables in both directions (S-Mamba,
    Wang et al., arXiv 2403.11144); every world is then one site. Different from the paper: a learned place of each
    variable, because the variables of a dynamical system are not exchangeable, and no instance normalisation, which
    removes the state.

    What misleads: on fully observed deterministic systems the present state is enough, so memory helps by averaging
    observation error only. With variables as tokens the scan's order is the order of the variables, which means
    nothing.

    Attributes:
        budget: settings tried.
        width: of a token.
        depth: blocks.
        hidden: numbers of memory in a channel.
        context: states in the window.
        tokens: states predicted at once.
        consume: of these, taken before the network is asked again.
        kind: of token, times or variates.
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
    hidden: int = 8
    context: int = 5
    tokens: int = 4
    consume: int = 1
    kind: str = "times"
    updates: int = 1200
    batch: int = 64
    unroll: int = 6
    radius: int = 3

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        whole = self.kind == "variates"
        plan = Plan.of(self, whole=whole)
        make = variate_core if whole else mamba_core
        return fit_windows(
            data,
            plan,
            lambda sizes, key: make(sizes, self.width, self.depth, self.hidden, key=key),
            {"noise": (0.0, 0.003), "rate": (5e-3, 2e-3)},
            name="mamba",
            budget=self.budget,
            key=key,
        )

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.kind not in TOKENS:
            raise BadSpec(f"mamba: kind must be one of {', '.join(TOKENS)}, got {self.kind!r}")
        if min(self.width, self.depth, self.hidden) < 1:
            raise BadSpec("mamba: width, depth and hidden must be at least 1")
        check_plan(Plan.of(self), "mamba", self.budget)
