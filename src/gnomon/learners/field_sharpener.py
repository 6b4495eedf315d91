"""A fine field from a coarse one: zero-filling, and a network that guesses the waves that are missing."""

from typing import Any, ClassVar, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.learners.field_emulator import AbstractFieldNetwork
from gnomon.learners.sidert.network import DenseFieldNetwork, new_network
from gnomon.learners.sidert.swin import SwinPlan
from gnomon.learners.unet import new_u_network
from gnomon.numerics.geometry import Geometry
from gnomon.numerics.halo import Sides, sides_for, with_halo, without_halo
from gnomon.numerics.refinement import Refinement
from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.free_run import Verdict
from gnomon.training.trainer import Recipe, Stage, fit_weights

NETWORKS = ("sidert", "plain", "unet")
SWIN_WIDTH, SWIN_DEPTHS, SWIN_HEADS, SWIN_WINDOW, PATCH = 48, (2, 2, 2), (3, 6, 12), 5, 4
DECODER_WIDTH, DECODER_HEADS = 64, 2
UNET_WIDTH, LEVELS = 8, 3
WARM_UP = 0.05  # share of the updates in which the rate rises
LEAST = 1e-12  # of a channel's size: a spread below it is none


class PictureNetwork(AbstractFieldNetwork):
    """A network for pictures on a geometry: the picture has a halo from across the ends and the poles, cut off after.

    Attributes:
        inside: the network.
        sides: of the halo; the padded sides are multiples of the network's stride.
    """

    inside: DenseFieldNetwork
    sides: Sides = eqx.field(static=True)

    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """At every site."""
        picture = with_halo(geometry.kind, x.reshape(*geometry.shape, -1), self.sides)
        return without_halo(self.inside(picture), self.sides).reshape(geometry.sites, -1)


class FieldSharpener(eqx.Module):
    r"""From a coarse field to a fine one.

    .. math::
        \hat f = Z c + s\, M\, N\big((Z c - \bar c) / \sigma\big)

    with Z zero-filling, M the projection on the missing waves, N the network, s the size of the missing part of each
    channel in training, bar c and sigma the mean of each row and the spread about it. So coarse-graining the result
    gives the coarse field back, whatever the network says, and a network of zeros gives zero-filling.

    What misleads: it is trained on mean squares, so where the missing part is open it says the mean of what is
    possible: its fields are smoother than true ones, and their spectrum is no test of it (see the share recovered).
    """

    network: AbstractFieldNetwork
    refinement: Refinement
    mean: Float[Array, "y channel"]
    spread: Float[Array, " channel"]
    size: Float[Array, " channel"]

    def __call__(self, x: Float[Array, "row column channel"]) -> Float[Array, "y x channel"]:
        """One coarse field; batch it with `jax.vmap`."""
        if x.ndim == 3 and x.shape[-1] != len(self.spread):
            raise BadData(f"fitted to fields of {len(self.spread)} channels, this one has {x.shape[-1]}")
        filled = self.refinement.filled(x)
        guess = guessed(self.network, self.refinement, (filled - self.mean[:, None]) / self.spread)
        return filled + self.size * guess.astype(filled.dtype)


def guessed(network: AbstractFieldNetwork, refinement: Refinement, x: Array) -> Array:
    """The missing part, in its own units, of a filled field in its own; single precision."""
    fine, x = refinement.fine, x.astype(jnp.float32)
    inputs = x.reshape(fine.sites, -1)
    if (
        fine.kind == "sphere"
    ):  # the plane's worlds are alike along x, and a pattern along y shows in the field
        inputs = jnp.concatenate([inputs, jnp.asarray(fine.positions(), jnp.float32)], axis=1)
    return refinement.missing(network(fine, inputs).reshape(*fine.shape, -1))


class Sharpened(NamedTuple):
    """What a fit gives.

    Attributes:
        sharpener: the best snapshot on validation fields.
        log: weights, learning rates tried with the validation error of each, history of the training kept.
    """

    sharpener: FieldSharpener
    log: dict[str, Any]


class FieldSharpening(eqx.Module):
    """How a sharpener is fitted: which network, and a budget that is the same for all.

    "sidert" is a small Swin encoder with SideRT's decoder (Shu and others 2022, arXiv 2204.13892; which parts are
    published and which decided here is told in `learners.sidert`), "plain" the same with plain upsampling, "unet" the
    U-Net of the field emulators. Different from SideRT's use for depth: the loss is the mean square of the missing
    part in units of its size, the encoder is small and untrained, and the picture has a halo.

    Augmentation: fields are turned along x (longitude) by random amounts, which the worlds here do not see.

    Attributes:
        network: of NETWORKS.
        width: channels of the U-Net's finest level, or of the encoder's first stage; 0 for the usual ones.
        halo: points around the picture of a Swin encoder.
        updates: of the weights, for the rate that is kept.
        trial: share of the updates spent on each rate when there are several; the best goes on from scratch.
        batch: fields in a minibatch.
        rates: learning rates tried.
        snapshots: how often validation fields are asked.
    """

    version: ClassVar[int] = 1
    network: Literal["sidert", "plain", "unet"] = "sidert"
    width: int = 0
    halo: int = 8
    updates: int = 1000
    trial: float = 0.1
    batch: int = 8
    rates: tuple[float, ...] = (1e-3,)
    snapshots: int = 5

    def fit(
        self,
        refinement: Refinement,
        coarse: Float[np.ndarray, "field row column channel"],
        fine: Float[np.ndarray, "field y x channel"],
        validation: tuple[np.ndarray, np.ndarray],
        *,
        key: PRNGKeyArray,
    ) -> Sharpened:
        """Train on pairs of coarse and fine fields, keep the snapshot with the least error on `validation` pairs."""
        self._check(len(coarse))
        frame = _frame(refinement, coarse, fine)
        train, held = _prepared(frame, coarse, fine), _prepared(frame, *validation)
        make_key, *train_keys = jax.random.split(key, 1 + len(self.rates))
        seed = int(np.asarray(jax.random.key_data(make_key)).ravel()[-1])
        start = new_sharpening_network(
            self.network, refinement, fine.shape[-1], np.random.default_rng(seed), width=self.width,
            halo=self.halo,
        )  # fmt: skip
        tried, rate = {}, self.rates[0]
        if len(self.rates) > 1:
            short = max(1, round(self.trial * self.updates))
            for rate, own in zip(self.rates, train_keys, strict=True):
                tried[rate] = self._trained(start, train, held, rate, short, 1, key=own)[1][-1]["nrmse"]
            rate = min(tried, key=lambda r: tried[r])
        network, history = self._trained(
            start, train, held, rate, self.updates, self.snapshots, key=train_keys[0]
        )
        weights = sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(network, eqx.is_inexact_array)))
        log = {"weights": weights, "rates": tried, "rate": rate, "history": history}
        return Sharpened(eqx.tree_at(lambda s: s.network, frame, network), log)

    def _check(self, fields: int) -> None:
        if self.network not in NETWORKS:
            raise BadSpec(f"a sharpener's network is one of {', '.join(NETWORKS)}, got {self.network!r}")
        if min(self.updates, self.batch, self.snapshots) < 1 or self.updates < self.snapshots:
            raise BadSpec(
                "a sharpener needs batch and snapshots of at least 1, and as many updates as snapshots"
            )
        if not self.rates or not 0 < self.trial <= 1:
            raise BadSpec("a sharpener needs a learning rate, and a trial between 0 and 1")
        if not fields:
            raise BadData("a sharpener needs at least one pair of fields")

    def _trained(
        self, start: AbstractFieldNetwork, train: "_Prepared", held: "_Prepared", rate: float, updates: int,
        snapshots: int, *, key: PRNGKeyArray,
    ) -> tuple[AbstractFieldNetwork, list[dict[str, Any]]]:  # fmt: skip
        fields, columns = train.filled.shape[0], train.filled.shape[2]

        def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
            size = (*shape, self.batch)
            return rng.integers(fields, size=size), rng.integers(columns, size=size)

        def judge(network: AbstractFieldNetwork) -> Verdict:
            error = float(_error(network, held))
            return Verdict(0.0, error if np.isfinite(error) else 1e9, float(not np.isfinite(error)))

        stage = Stage(_loss, draw, updates, snapshots)
        found = fit_weights(
            [start], [stage], train, judge, Recipe(rate=rate, warm_up=WARM_UP), name=self.network, key=key
        )
        return found[0].model, found[0].history


class _Prepared(NamedTuple):
    """Fields as a network sees them, single precision: filled, and the missing part; area weights [row, 1, 1]."""

    refinement: Refinement
    filled: Array
    missing: Array
    weights: Array


def _frame(refinement: Refinement, coarse: np.ndarray, fine: np.ndarray) -> FieldSharpener:
    """A sharpener whose units are those of the training fields, its network still missing."""
    coarse, fine = _pairs(refinement, coarse, fine)
    filled = np.asarray(jax.lax.map(refinement.filled, jnp.asarray(coarse)))
    weights = refinement.fine.weights().reshape(refinement.fine.shape)
    mean = filled.mean(axis=(0, 2))
    spread, size = (
        np.sqrt(np.einsum("yx,nyxc->c", weights / weights.sum(), d**2) / len(d))
        for d in (filled - mean[:, None], fine - filled)
    )
    spread, size = (np.where(s > LEAST * (1 + np.abs(mean).max(0)), s, 1.0) for s in (spread, size))
    dtype = filled.dtype
    return FieldSharpener(
        network=None, refinement=refinement, mean=jnp.asarray(mean, dtype),  # pyright: ignore[reportArgumentType]
        spread=jnp.asarray(spread, dtype), size=jnp.asarray(size, dtype),
    )  # fmt: skip


def _prepared(frame: FieldSharpener, coarse: np.ndarray, fine: np.ndarray) -> _Prepared:
    refinement = frame.refinement
    coarse, fine = _pairs(refinement, coarse, fine)
    filled = jax.lax.map(refinement.filled, jnp.asarray(coarse))
    rows = refinement.fine.weights().reshape(refinement.fine.shape)[:, :1, None]
    return _Prepared(
        refinement,
        ((filled - frame.mean[:, None]) / frame.spread).astype(jnp.float32),
        ((fine - filled) / frame.size).astype(jnp.float32),
        jnp.asarray(rows / rows.mean(), jnp.float32),
    )


def _pairs(refinement: Refinement, coarse: np.ndarray, fine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    coarse, fine = np.asarray(coarse), np.asarray(fine)
    wanted = (refinement.coarse.shape, refinement.fine.shape)
    if coarse.ndim != 4 or fine.ndim != 4 or (coarse.shape[1:3], fine.shape[1:3]) != wanted:
        raise BadData(
            f"expected coarse fields [field, {wanted[0][0]}, {wanted[0][1]}, channel] and fine ones "
            f"[field, {wanted[1][0]}, {wanted[1][1]}, channel], got {coarse.shape} and {fine.shape}"
        )
    if len(coarse) != len(fine) or coarse.shape[-1] != fine.shape[-1]:
        raise BadData(f"coarse and fine fields do not pair up: {coarse.shape} and {fine.shape}")
    if not (np.isfinite(coarse).all() and np.isfinite(fine).all()):
        raise BadData("fields hold numbers that are not finite")
    return coarse, fine


def _loss(
    network: AbstractFieldNetwork, memory: Any, data: _Prepared, rows: Any, progress: Array, key: PRNGKeyArray
) -> tuple[Array, Any]:
    """Mean square of the error in units of what is missing: 1 for zero-filling."""

    def one(which: Array, turn: Array) -> Array:
        columns = (jnp.arange(data.filled.shape[2]) + turn) % data.filled.shape[2]
        guess = guessed(network, data.refinement, data.filled[which][:, columns])
        return (data.weights * (guess - data.missing[which][:, columns]) ** 2).mean()

    return jax.vmap(one)(*rows).mean(), memory


@eqx.filter_jit
def _error(network: AbstractFieldNetwork, data: _Prepared) -> Array:
    """Root of the mean square over all fields, one at a time."""

    def one(pair: tuple[Array, Array]) -> Array:
        return (data.weights * (guessed(network, data.refinement, pair[0]) - pair[1]) ** 2).mean()

    return jnp.sqrt(jax.lax.map(one, (data.filled, data.missing)).mean())


def new_sharpening_network(
    name: str,
    refinement: Refinement,
    channels: int,
    rng: np.random.Generator,
    *,
    width: int = 0,
    halo: int = 8,
) -> AbstractFieldNetwork:
    """Untrained; its output is zero."""
    fine = refinement.fine
    inputs = channels + (fine.positions().shape[1] if fine.kind == "sphere" else 0)
    if name == "unet":
        return new_u_network(fine, inputs, channels, rng, width=width or UNET_WIDTH, levels=LEVELS)
    plan = SwinPlan(width or SWIN_WIDTH, SWIN_DEPTHS, SWIN_HEADS, SWIN_WINDOW, PATCH, inputs)
    options = {"outputs": channels, "width": DECODER_WIDTH}
    options |= {"heads": DECODER_HEADS} if name == "sidert" else {}
    inside = new_network(plan, name, seed=int(rng.integers(2**31)), **options)
    return PictureNetwork(inside, sides_for(fine.shape, halo, plan.stride))
