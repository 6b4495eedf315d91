"""A small causal transformer with selective attention: each query has a temperature of its own.

Zhang, Chang, Li, Roy-Chowdhury, Chen and Oymak 2024 (NeurIPS), arXiv 2411.12892; Vaswani et al. 2017, arXiv 1706.03762.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.window_simulator import Plan, Sizes, check_plan, fit_windows
from gnomon.numerics.sequence_layers import Dense, Norm, dense, norm
from gnomon.spec.errors import BadSpec


class SelectiveAttention(eqx.Module):
    """Causal attention; queries and values are scaled by temperatures of the token, queries also of the position.

    With head size d and position n = 1, 2, ...: scores = tau_q(x, n) q.k / sqrt(d),
    output = sum softmax(scores) tau_v(x) v,
    tau_q = tanh(f(x)) + 1 + sigmoid(alpha) log n, tau_v = 1 + tanh(g(x)).

    Attributes:
        query_tone: f's last layer [head, size], on gelu of the query itself, so that f shares its weights.
        value_tone: g's last layer [head, size], on gelu of the value itself.
        spread: alpha, [head].
        selective: whether temperatures act; without, this is plain attention.
    """

    query: Dense
    key: Dense
    value: Dense
    out: Dense
    query_tone: Float[Array, "head size"]
    value_tone: Float[Array, "head size"]
    spread: Float[Array, " head"]
    selective: bool = eqx.field(static=True)

    def __call__(self, x: Float[Array, "time width"]) -> Float[Array, "time width"]:
        """Every token sees itself and the past."""
        time, width = x.shape
        heads, size = self.query_tone.shape
        q, k, v = (f(x).reshape(time, heads, size) for f in (self.query, self.key, self.value))
        if self.selective:
            q, v = self.temperatures(q)[:, :, None] * q, self.values(v)[:, :, None] * v
        scores = jnp.einsum("thd,shd->hts", q, k) / jnp.sqrt(jnp.asarray(size, x.dtype))
        scores = jnp.where(jnp.tril(jnp.ones((time, time), bool)), scores, -jnp.inf)
        return self.out(jnp.einsum("hts,shd->thd", jax.nn.softmax(scores, axis=-1), v).reshape(time, width))

    def temperatures(self, q: Float[Array, "time head size"]) -> Float[Array, "time head"]:
        """tau_q: inverse temperatures, so a large one attends to few."""
        place = jnp.log(jnp.arange(1, q.shape[0] + 1, dtype=q.dtype))[:, None]
        token = jnp.tanh(jnp.sum(jax.nn.gelu(q) * self.query_tone, axis=-1))
        return token + 1.0 + jax.nn.sigmoid(self.spread) * place

    def values(self, v: Float[Array, "time head size"]) -> Float[Array, "time head"]:
        """tau_v: near 0 for a token that is not to be heard."""
        return 1.0 + jnp.tanh(jnp.sum(jax.nn.gelu(v) * self.value_tone, axis=-1))


class AttentionBlock(eqx.Module):
    """x <- x + attention(norm(x)); x <- x + narrow(gelu(wide(norm(x))))."""

    before: Norm
    attention: SelectiveAttention
    between: Norm
    wide: Dense
    narrow: Dense

    def __call__(self, x: Float[Array, "time width"]) -> Float[Array, "time width"]:
        """Causal in time."""
        x = x + self.attention(self.before(x))
        return x + self.narrow(jax.nn.gelu(self.wide(self.between(x))))


class TransformerCore(eqx.Module):
    """Rows and their places -> blocks -> increments at every row."""

    embed: Dense
    place: Float[Array, "row width"]
    blocks: tuple[AttentionBlock, ...]
    norm: Norm
    head: Dense

    def __call__(self, rows: Float[Array, "row input"]) -> tuple[Array]:
        """[position, output], a position at every row."""
        h = self.embed(rows) + self.place
        for block in self.blocks:
            h = block(h)
        return (self.head(self.norm(h)),)


def selective_attention(width: int, heads: int, *, selective: bool, key: PRNGKeyArray) -> SelectiveAttention:
    """Temperatures of tokens start at zero, so only the position's acts."""
    keys = jax.random.split(key, 4)
    silent = jnp.zeros((heads, width // heads), jnp.float32)
    query, keyed, value, out = (dense(width, width, key=k) for k in keys)
    return SelectiveAttention(
        query, keyed, value, out, silent, silent, jnp.zeros(heads, jnp.float32), selective
    )


def transformer_core(
    sizes: Sizes, width: int, depth: int, heads: int, selective: bool, *, key: PRNGKeyArray
) -> TransformerCore:
    """A silent head: the network starts as the linear forecast."""
    keys = jax.random.split(key, 3 * depth + 2)
    blocks = [
        AttentionBlock(
            before=norm(width),
            attention=selective_attention(width, heads, selective=selective, key=keys[3 * n]),
            between=norm(width),
            wide=dense(width, 4 * width, key=keys[3 * n + 1]),
            narrow=dense(4 * width, width, key=keys[3 * n + 2]),
        )
        for n in range(depth)
    ]
    return TransformerCore(
        embed=dense(sizes.inputs, width, key=keys[-1]),
        place=0.1 * jax.random.normal(keys[-2], (sizes.rows, width), jnp.float32),
        blocks=tuple(blocks),
        norm=norm(width),
        head=dense(width, sizes.outputs, size=0.0, key=keys[0]),
    )


class Transformer(AbstractLearner):
    r"""Causal attention over the window of the last states, with a temperature for each token and place.

    .. math::
        \sum_{s \le t} \mathrm{softmax}_s\!\big(\tau_q(x_t, t)\, q_t \cdot k_s / \sqrt d\big)\, \tau_v(x_s)\, v_s,
        \qquad \tau_q = \tanh f(x_t) + 1 + \sigma(\alpha) \log t

    (Zhang et al. 2024, arXiv 2411.12892: queries and values scaled, the query's by token and place.) As published:
    tanh for the token, 1 + sigmoid(alpha) log n for the place, weights shared with the projections. Different: f and
    g are one vector a head on gelu of the projected query and value; the value's temperature is 1 + tanh, so that
    training starts from plain values; rows of states are tokens, and the output is increments (see
    `window_simulator`).

    What misleads: the place's temperature grows with the number of states in the window, so a network run with
    another window than it was trained with is another network; the window is fixed here.

    Attributes:
        budget: settings tried.
        width: of a token.
        depth: blocks.
        heads: of attention; they divide the width.
        selective: whether temperatures act; without, attention is plain.
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
    heads: int = 4
    selective: bool = True
    context: int = 5
    tokens: int = 4
    consume: int = 1
    updates: int = 2400
    batch: int = 64
    unroll: int = 6
    radius: int = 3

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        return fit_windows(
            data,
            Plan.of(self),
            lambda sizes, key: transformer_core(
                sizes, self.width, self.depth, self.heads, self.selective, key=key
            ),
            {"noise": (0.0, 0.003), "rate": (5e-3, 2e-3)},
            name="transformer",
            budget=self.budget,
            key=key,
        )  # fmt: skip

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.width, self.depth, self.heads) < 1 or self.width % self.heads:
            raise BadSpec(
                "transformer: width, depth and heads must be at least 1, and heads divide the width"
            )
        check_plan(Plan.of(self), "transformer", self.budget)
