"""A network for the physics of one column, its weights shared by all columns, and the scales it works in."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.columns import Change, Columns
from gnomon.learners.residual import Layer
from gnomon.numerics.column_transforms import (
    LEAST_DEFICIT,
    deficit,
    plume_buoyancy,
    relative_humidity,
    saturated,
)

INVARIANT = ("humidity", "buoyancy", "fluxes", "outputs")  # the transforms, each on its own
MARGIN = 0.25  # of the range seen in training, by which inputs and outputs may leave it on either side
GROUNDS = ("sst", "land_temperature")
ABSOLUTE = (
    "temperature",
    "rtmt",
    "tas",
)  # outputs that may depend, linearly, on temperature and humidity as they are
LEAST_HUMIDITY = 1e-7  # kg kg-1, the smallest a tendency of humidity is divided by


class Range(eqx.Module):
    """Mean, spread and the lowest and highest that training saw (both standardised)."""

    mean: Float[Array, " number"]
    spread: Float[Array, " number"]
    low: Float[Array, " number"]
    high: Float[Array, " number"]

    def standardised(self, x: Array) -> Array:
        """Over the spread; what never varied becomes zero."""
        return (x - self.mean) / jnp.where(self.spread > 0, self.spread, 1.0)

    @property
    def bounds(self) -> tuple[Array, Array]:
        """The range with its margin."""
        margin = MARGIN * (self.high - self.low)
        return self.low - margin, self.high + margin


class ColumnScales(eqx.Module):
    """How a column becomes numbers of order one, and the network's answer a change; nothing here is trained.

    Attributes:
        invariant: which transforms are on, of INVARIANT.
        told: names of what the physics is told besides the air.
        fluxes: names of the fluxes it answers.
        sigma: of the levels.
        inputs: of the network.
        linear: of temperature, humidity and the ground as they are, which enter linearly.
        outputs: of the answer.
    """

    invariant: tuple[str, ...] = eqx.field(static=True)
    told: tuple[str, ...] = eqx.field(static=True)
    fluxes: tuple[str, ...] = eqx.field(static=True)
    sigma: Float[Array, " level"]
    inputs: Range
    linear: Range
    outputs: Range

    def encode(self, columns: Columns) -> tuple[Array, Array]:
        """Standardised inputs and linear inputs [..., number]."""
        x = raw_inputs(columns, self.sigma, self.told, self.invariant)
        return self.inputs.standardised(x), self.linear.standardised(raw_linear(columns, self.told))

    def target(self, columns: Columns, change: Change) -> Array:
        """The standardised answer [..., number] that this change is."""
        return self.outputs.standardised(
            raw_outputs(columns, change, self.fluxes, self.sigma, self.invariant)
        )

    def decode(self, columns: Columns, y: Array) -> Change:
        """The change that a standardised answer is; what never varied in training keeps its value."""
        raw = self.outputs.mean + self.outputs.spread * y
        over = _units(columns, self.fluxes, self.sigma, self.invariant)
        levels = len(self.sigma)
        u, v, temperature, humidity = (raw[..., i * levels : (i + 1) * levels] for i in range(4))
        fluxes = {}
        for i, name in enumerate(self.fluxes):
            fluxes[name] = raw[..., 4 * levels + i] * over[name]
        if "tas" in fluxes:
            fluxes["tas"] = fluxes["tas"] + columns.temperature[..., -1]
        return Change(u, v, temperature, humidity * over["humidity"], fluxes)

    @property
    def reaches(self) -> Array:
        """[output] 1 where temperature and humidity as they are may enter linearly, 0 where not."""
        levels = len(self.sigma)
        names = [n for n in ("u", "v", "temperature", "humidity") for _ in range(levels)] + list(self.fluxes)
        return jnp.asarray([float(not self.invariant or n in ABSOLUTE) for n in names], self.sigma.dtype)


class ColumnNetwork(eqx.Module):
    """y = linear(a) + out(h), h = gelu(first(x)), then h <- h + gelu(block(h)); the same for every column."""

    linear: Layer
    first: Layer
    blocks: tuple[Layer, ...]
    out: Layer

    def __call__(self, x: Array, a: Array, reaches: Array) -> Array:
        """The standardised answer."""
        h = jax.nn.gelu(self.first(x))
        for block in self.blocks:
            h = h + jax.nn.gelu(block(h))
        return self.linear(a) * reaches + self.out(h)


def new_network(
    inputs: int, linear: int, outputs: int, *, width: int, depth: int, key: PRNGKeyArray
) -> ColumnNetwork:
    """Untrained, in single precision; it begins by answering nothing."""

    def layer(n: int, m: int, size: float, key: PRNGKeyArray) -> Layer:
        weights = float(size / np.sqrt(n)) * jax.random.normal(key, (n, m), jnp.float32)
        return Layer(weights, jnp.zeros(m, jnp.float32))

    keys = jax.random.split(key, depth)
    return ColumnNetwork(
        linear=layer(linear, outputs, 0.0, keys[0]),
        first=layer(inputs, width, 1.4, keys[0]),
        blocks=tuple(layer(width, width, 0.7, k) for k in keys[1:]),
        out=layer(width, outputs, 0.0, keys[0]),
    )


def scales_of(
    columns: Columns, change: Change, sigma: np.ndarray, invariant: tuple[str, ...]
) -> ColumnScales:
    """Scales of training columns [row, ...]."""
    told, fluxes = tuple(sorted(columns.told)), tuple(sorted(change.fluxes))
    levels = jnp.asarray(sigma, jnp.float32)
    return ColumnScales(
        invariant=invariant,
        told=told,
        fluxes=fluxes,
        sigma=levels,
        inputs=_range(raw_inputs(columns, levels, told, invariant)),
        linear=_range(raw_linear(columns, told)),
        outputs=_range(raw_outputs(columns, change, fluxes, levels, invariant)),
    )


@functools.partial(jax.jit, static_argnames=("told", "invariant"))
def raw_inputs(columns: Columns, sigma: Array, told: tuple[str, ...], invariant: tuple[str, ...]) -> Array:
    """[..., number] winds, temperature, humidity, pressure and what is told, transformed."""
    pressure = columns.pressure[..., None] * sigma
    t, q = columns.temperature, columns.humidity
    warmth = plume_buoyancy(t, q, pressure, sigma) if "buoyancy" in invariant else t
    moisture = relative_humidity(t, q, pressure) if "humidity" in invariant else q
    speed = jnp.sqrt(columns.u[..., -1] ** 2 + columns.v[..., -1] ** 2 + 1e-6)
    places = {name: columns.told[name] for name in told}
    if "fluxes" in invariant:
        for name in set(GROUNDS) & set(told):
            places[name] = columns.told[name] - t[..., -1]
        if GROUNDS[0] in told:
            ground = ground_temperature(columns)
            places["dryness"] = deficit(ground, q[..., -1], columns.pressure) / saturated(
                ground, columns.pressure
            )
    single = [speed, columns.pressure, *(places[name] for name in sorted(places))]
    return jnp.concatenate([columns.u, columns.v, warmth, moisture, jnp.stack(single, axis=-1)], axis=-1)


@functools.partial(jax.jit, static_argnames=("told",))
def raw_linear(columns: Columns, told: tuple[str, ...]) -> Array:
    """[..., number] temperature, humidity and the ground as they are."""
    grounds = [columns.told[name][..., None] for name in GROUNDS if name in told]
    return jnp.concatenate([columns.temperature, columns.humidity, *grounds], axis=-1)


@functools.partial(jax.jit, static_argnames=("fluxes", "invariant"))
def raw_outputs(
    columns: Columns, change: Change, fluxes: tuple[str, ...], sigma: Array, invariant: tuple[str, ...]
) -> Array:
    """[..., number] tendencies level by level, then fluxes, each over its unit."""
    over = _units(columns, fluxes, sigma, invariant)
    asked = dict(change.fluxes)
    if "tas" in asked:
        asked["tas"] = asked["tas"] - columns.temperature[..., -1]
    single = [asked[name] / over[name] for name in fluxes]
    parts = [change.u, change.v, change.temperature, change.humidity / over["humidity"]]
    return jnp.concatenate([*parts, jnp.stack(single, axis=-1)] if single else parts, axis=-1)


def ground_temperature(columns: Columns) -> Array:
    """Of sea and land, by their shares."""
    land = columns.told["land"]
    return land * columns.told["land_temperature"] + (1 - land) * columns.told["sst"]


def _units(
    columns: Columns, fluxes: tuple[str, ...], sigma: Array, invariant: tuple[str, ...]
) -> dict[str, Array]:
    """What moistening and every flux is measured in: 1, or saturation, or the deficit that drives evaporation."""
    one = jnp.ones_like(columns.pressure)
    over = {"humidity": one[..., None], **dict.fromkeys(fluxes, one)}
    if "outputs" in invariant:
        full = saturated(columns.temperature, columns.pressure[..., None] * sigma)
        over["humidity"] = jnp.maximum(full, LEAST_HUMIDITY)
        if "pr" in fluxes:
            over["pr"] = full.mean(axis=-1)
    if "fluxes" in invariant and "evspsbl" in fluxes and GROUNDS[0] in columns.told:
        dry = deficit(ground_temperature(columns), columns.humidity[..., -1], columns.pressure)
        over["evspsbl"] = jnp.maximum(dry, LEAST_DEFICIT)
    return over


def _range(rows: Array) -> Range:
    """Of training rows [row, number], in double precision on the host."""
    plain = np.asarray(rows, np.float64)
    mean, spread = plain.mean(0), plain.std(0)
    spread = np.where(spread > 1e-6 * np.abs(mean), spread, 0.0)  # rounding is no variation
    z = (plain - mean) / np.where(spread > 0, spread, 1.0)
    return Range(*(jnp.asarray(x, jnp.float32) for x in (mean, spread, z.min(0), z.max(0))))
