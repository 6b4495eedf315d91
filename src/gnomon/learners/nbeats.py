"""Basis expansion: stacks of dense blocks that explain the window away and add up a forecast.

Oreshkin, Carpov, Chapados and Bengio 2020 (ICLR), arXiv 1905.10437.
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
from gnomon.numerics.sequence_layers import Dense, dense
from gnomon.spec.errors import BadSpec

STACKS = ("trend", "seasonal", "generic")
LAYERS = 4  # dense layers in a block, as published


def trend_basis(length: int, degree: int) -> np.ndarray:
    """[power, time] of t = 0 ... 1, the end left out."""
    return (np.arange(length) / length) ** np.arange(degree + 1)[:, None]


def seasonal_basis(length: int) -> np.ndarray:
    """[wave, time]: one, cosines and sines of 1 ... length / 2 - 1 turns over the stretch."""
    turns = 2 * np.pi * np.arange(1, max(0, length // 2 - 1) + 1)[:, None] * np.arange(length) / length
    return np.concatenate([np.ones((1, length)), np.cos(turns), np.sin(turns)])


class BasisBlock(eqx.Module):
    """Four rectified layers, then coefficients of a backcast and of a forecast on a basis in time.

    Attributes:
        kind: trend, seasonal or generic; the basis of a generic block is learned and is part of its last layers.
        degree: of the trend's polynomials.
        rows: of the window.
        tokens: of the forecast.
    """

    layers: tuple[Dense, ...]
    backward: Dense
    forward: Dense
    kind: str = eqx.field(static=True)
    degree: int = eqx.field(static=True)
    rows: int = eqx.field(static=True)
    tokens: int = eqx.field(static=True)

    def __call__(self, window: Float[Array, "row series"], knobs: Array) -> tuple[Array, Array]:
        """The backcast [row, series] and the forecast [token * channel]."""
        h = jnp.concatenate([window.ravel(), knobs])
        for layer in self.layers:
            h = jax.nn.relu(layer(h))
        back, ahead = self.backward(h), self.forward(h)
        if self.kind == "generic":
            return back.reshape(window.shape), ahead
        past, future = (jnp.asarray(b, window.dtype) for b in self.bases())
        back = past.T @ back.reshape(past.shape[0], -1)
        return back, (future.T @ ahead.reshape(future.shape[0], -1)).ravel()

    def bases(self) -> tuple[np.ndarray, np.ndarray]:
        """Over the window and over the forecast."""
        return _bases(self.kind, self.degree, self.rows, self.tokens)


class BasisCore(eqx.Module):
    """x <- x - backcast(x) from block to block; the forecasts are added."""

    blocks: tuple[BasisBlock, ...]
    knobs: int = eqx.field(static=True)

    def __call__(self, rows: Float[Array, "row input"]) -> tuple[Array]:
        """[1, output]."""
        inside = rows.shape[1] - self.knobs
        window, knobs = rows[:, :inside], rows[-1, inside:]
        total = 0.0
        for block in self.blocks:
            back, ahead = block(window, knobs)
            window = window - back
            total = total + ahead
        return (jnp.asarray(total)[None],)


def basis_block(sizes: Sizes, kind: str, width: int, degree: int, *, key: PRNGKeyArray) -> BasisBlock:
    """Silent forecasts: the network starts as the linear forecast."""
    series = sizes.inputs - sizes.knobs
    inputs = sizes.rows * series + sizes.knobs
    if kind == "generic":
        back, ahead = sizes.rows * series, sizes.outputs
    else:
        past, future = _bases(kind, degree, sizes.rows, sizes.tokens)
        back, ahead = past.shape[0] * series, future.shape[0] * sizes.channels
    keys = jax.random.split(key, LAYERS + 2)
    layers = [dense(inputs if n == 0 else width, width, size=2**0.5, key=keys[n]) for n in range(LAYERS)]
    return BasisBlock(
        layers=tuple(layers),
        backward=dense(width, back, size=0.3, key=keys[-2]),
        forward=dense(width, ahead, size=0.0, key=keys[-1]),
        kind=kind,
        degree=degree,
        rows=sizes.rows,
        tokens=sizes.tokens,
    )


def basis_core(sizes: Sizes, width: int, blocks: int, degree: int, *, key: PRNGKeyArray) -> BasisCore:
    """The stacks in order, so many blocks in each."""
    kinds = [kind for kind in STACKS for _ in range(blocks)]
    keys = jax.random.split(key, len(kinds))
    made = [basis_block(sizes, kind, width, degree, key=k) for kind, k in zip(kinds, keys, strict=True)]
    return BasisCore(tuple(made), sizes.knobs)


class NBeats(AbstractLearner):
    r"""Doubly residual stacks of basis expansions on the window of the last states.

    .. math::
        \hat y = \sum_l V^f_l \theta^f_l(x_l), \qquad x_{l+1} = x_l - V^b_l \theta^b_l(x_l)

    (Oreshkin et al. 2020, arXiv 1905.10437). As published: four rectified layers in a block, backcast residuals,
    forecasts added; a trend stack (polynomials), a seasonal stack (Fourier) and a generic one (learned basis).
    Different: the paper forecasts one series; here the window of all variables, states and changes, is one vector
    that all outputs share, and coefficients are per variable; weights are not shared between blocks of a stack; all
    three stacks stand in one network, where the paper compares an interpretable with a generic one; no ensemble of
    180. On a ring the window is a site's neighbourhood.

    What misleads: "trend" and "seasonal" name bases over a window that is much shorter than any period of the
    attractor; they are not trends and seasons of the world.

    Attributes:
        budget: settings tried.
        width: units in a layer.
        blocks: in each of the three stacks.
        degree: of the trend's polynomials.
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
    width: int = 64
    blocks: int = 1
    degree: int = 2
    context: int = 3
    tokens: int = 4
    consume: int = 1
    updates: int = 2400
    batch: int = 256
    unroll: int = 6
    radius: int = 3

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        return fit_windows(
            data,
            Plan.of(self),
            lambda sizes, key: basis_core(sizes, self.width, self.blocks, self.degree, key=key),
            {"noise": (0.0, 0.003), "rate": (1e-2, 5e-3)},
            name="nbeats",
            budget=self.budget,
            key=key,
        )  # fmt: skip

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.width, self.blocks) < 1 or self.degree < 0:
            raise BadSpec("nbeats: width and blocks must be at least 1, degree 0")
        check_plan(Plan.of(self), "nbeats", self.budget)


def _bases(kind: str, degree: int, rows: int, tokens: int) -> tuple[np.ndarray, np.ndarray]:
    if kind == "trend":
        return trend_basis(rows, degree), trend_basis(tokens, degree)
    return seasonal_basis(rows), seasonal_basis(tokens)
