"""What the worlds on the periodic plane share: how they are stepped, seen and lifted, and what became of a state."""

import abc
from collections.abc import Mapping
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractExaminedWorld, Obs, Time
from gnomon.numerics.integrators import Etdrk4, KnobsAt
from gnomon.numerics.plane_spectral import Field, Plane, Spectrum, resized, ring_spectrum, times
from gnomon.spec.cards import Knob, Variable
from gnomon.spec.errors import BadSpec

COURANT = 2.8  # of the fourth-order scheme: speed * highest wavenumber * inner step may not exceed it
TAIL = 0.02  # share of the variance in the last eighth of the waves above which a field is not resolved

Outcome = Literal["fine", "not_finite", "unstable_step", "not_resolved"]


class Health(NamedTuple):
    """What became of a state.

    Attributes:
        outcome: "not_finite": a number is not; "unstable_step": the flow crosses more than the scheme can follow in one
            inner step, the next ones will blow up; "not_resolved": more than 2 % of the variance sits in the last
            eighth of the waves, where the grid and not the physics ends the spectrum; "fine" otherwise.
        courant: fastest speed times highest wavenumber times inner step; at most 2.8.
        tail: the largest share of a field's variance in the last eighth of the waves.
    """

    outcome: Outcome
    courant: float
    tail: float


class AbstractPlaneWorld(AbstractExaminedWorld[Array]):
    """A world whose state is fields on a periodic square, stepped as their Fourier coefficients.

    The state is [field, y, x] on the grid of the solver; an observation shows each field, `names` in order, on
    `points` points a side. Axes are ("y", "x"), both periodic over `card.length`. Stepped by exponential time
    differencing of fourth order: diffusion exactly, all else explicitly.

    What a subclass gives is `tendency`, the right-hand side without diffusion, of spectra [field, row, mode].
    """

    plane: eqx.AbstractVar[Plane]
    scheme: eqx.AbstractVar[Etdrk4]
    names: eqx.AbstractVar[tuple[str, ...]]
    points: eqx.AbstractVar[int]
    substeps: eqx.AbstractVar[int]

    @abc.abstractmethod
    def tendency(self, spectrum: Spectrum, knobs: Knobs) -> Spectrum:
        """The time derivative, in the units of the inner step, of all but diffusion."""

    @abc.abstractmethod
    def speed(self, spectrum: Spectrum, knobs: Knobs) -> Float[Array, ""]:
        """The fastest speed anywhere, in the units of the inner step."""

    @abc.abstractmethod
    def inner_step(self) -> float:
        """Length of one inner step in the units of `tendency`."""

    def spectrum(self, state: Field) -> Spectrum:
        """The kept waves of a state."""
        return times(self.plane.mask, self.plane.to_modes(state))

    def state(self, spectrum: Spectrum) -> Field:
        """The state with that spectrum."""
        return self.plane.to_grid(spectrum)

    @abc.abstractmethod
    def evolve(self, spectrum: Spectrum, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Spectrum:
        """The spectra `card.dt` later: `quietly`, or with noise from `key`."""

    def quietly(self, spectrum: Spectrum, forcing: Forcing, *, time: Time) -> Spectrum:
        """The spectra `card.dt` later, without noise."""
        inner = self.inner_step() * self.substeps
        knobs_at = _slowed(forcing, time, self.card.dt, inner)
        return self.advance(spectrum, knobs_at, time=0.0, dt=inner, substeps=self.substeps)

    def advance(
        self, spectrum: Spectrum, knobs_at: KnobsAt, *, time: Time, dt: float, substeps: int
    ) -> Spectrum:
        """The spectra `dt` later, in the units of the inner step.

        The scheme sees real and imaginary parts as two real arrays, since its weights are real: a product of a real and
        a complex array takes twice as long.
        """

        def tendency(parts: Array, knobs: Knobs) -> Array:
            change = self.tendency(jax.lax.complex(parts[0], parts[1]), knobs)
            return jnp.stack([change.real, change.imag])

        parts = jnp.stack([spectrum.real, spectrum.imag])
        ended = self.scheme.advance(tendency, parts, knobs_at, time=time, dt=dt, substeps=substeps)
        return jax.lax.complex(ended[0], ended[1])

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state `card.dt` later."""
        return self.state(self.evolve(self.spectrum(state), forcing, time=time, key=key))

    def observe(self, state: Array) -> Obs:
        """Each field on the observed points: the waves that both grids hold, exactly."""
        seen = resized(state, self.points)
        return {name: seen[i] for i, name in enumerate(self.names)}

    def outcome(self, state: Array) -> str:
        """Of its `health` at the default knobs; a report tells where the truth starts from states that are not fine."""
        return health(self, state).outcome

    def lift(self, obs: Obs, background: Array) -> Array:
        """The background plus the smoothest fields that close the gap to the observation."""
        seen = jnp.stack([obs[name] for name in self.names]).astype(background.dtype)
        if self.points == self.plane.grid:
            return seen
        return background + resized(seen - resized(background, self.points), self.plane.grid)


def health(world: AbstractPlaneWorld, state: Array, knobs: Mapping[str, float] | None = None) -> Health:
    """What became of one state, by name; for the host, not for compiled code.

    Args:
        world: whose state it is.
        state: one, unbatched.
        knobs: their values; the defaults where None.
    """
    values = {k.name: jnp.asarray(k.default) for k in world.card.knobs}
    values |= {name: jnp.asarray(value) for name, value in (knobs or {}).items()}
    if not bool(jnp.isfinite(state).all()):
        return Health("not_finite", float("nan"), float("nan"))
    spectrum = world.spectrum(state)
    courant = float(world.speed(spectrum, values)) * world.plane.highest * world.inner_step()
    rings = np.asarray(ring_spectrum(world.plane, spectrum))[:, 1:]
    last = rings[:, -max(1, rings.shape[1] // 8) :].sum(1) / np.maximum(rings.sum(1), 1e-300)
    tail = float(last.max())
    if courant > COURANT:
        return Health("unstable_step", courant, tail)
    return Health("not_resolved" if tail > TAIL else "fine", courant, tail)


def checked_grid(world: str, points: int, grid: int) -> None:
    """Raise `BadSpec` where a grid cannot be used."""
    for what, n in (("points", points), ("grid", grid)):
        if n < 12 or n % 2:
            raise BadSpec(
                f"{world}: {what} is {n}; expected an even number, at least 12 (16, 32, 48, 64 are fast)"
            )
    if grid < points:
        raise BadSpec(
            f"{world}: grid = {grid} is coarser than points = {points}; the solver's grid is the finer one"
        )


def checked_numbers(world: str, dt: float, substeps: int, **not_negative: float) -> None:
    """Raise `BadSpec` where a step or a coefficient cannot be used; before a step is divided."""
    if not (np.isfinite(dt) and dt > 0) or substeps < 1:
        raise BadSpec(f"{world}: dt must be positive and substeps at least 1, got {dt} and {substeps}")
    for name, value in not_negative.items():
        if not (np.isfinite(value) and value >= 0):
            raise BadSpec(f"{world}: {name} must be finite and not negative, got {value}")


def checked_rate(world: str, what: str, rate: float, step: float) -> None:
    """Raise `BadSpec` where a rate (of waves, of drag) is too fast for the inner step."""
    if not abs(rate) * step <= COURANT:
        raise BadSpec(
            f"{world}: unstable step: {what} turns or decays by {abs(rate) * step:.2g} in one inner step, at most "
            f"{COURANT:g} can be followed; take more substeps or a shorter dt"
        )


def checked_courant(world: str, speed: float, plane: Plane, step: float, least: str) -> None:
    """Raise `BadSpec` where an inner step is too long for a typical speed; `least` says what to change."""
    courant = speed * plane.highest * step
    if not courant <= COURANT:
        raise BadSpec(
            f"{world}: unstable step: a flow of {speed:g} crosses {courant:.2g} radians of the shortest kept wave in "
            f"one inner step, at most {COURANT:g} can be followed; {least}"
        )


def checked_factors(
    world: str, wrong: Mapping[str, float] | None, knobs: tuple[Knob, ...]
) -> dict[str, float]:
    """Factors by which a model mistakes its knobs, every knob named; raise `BadSpec` where one is unknown."""
    names = [k.name for k in knobs]
    for name in wrong or {}:
        if name not in names:
            raise BadSpec(f"{world}: wrong names {name!r}, which is no knob; there are {', '.join(names)}")
        if not np.isfinite((wrong or {})[name]):
            raise BadSpec(f"{world}: the factor of {name} must be finite, got {(wrong or {})[name]}")
    return {name: float((wrong or {}).get(name, 1.0)) for name in names}


def observed_fields(
    points: int, scales: Mapping[str, float], *, units: Mapping[str, str] | None = None
) -> tuple[Variable, ...]:
    """What a card says of fields seen at every point of a plane that is the same everywhere.

    Args:
        points: along each side.
        scales: name -> standard deviation; a thousandth of it is the observation error.
        units: of each; without them all are "1".
    """
    return tuple(
        Variable(
            name=name,
            units=units[name] if units else "1",
            shape=(points, points),
            dims=("y", "x"),
            scale=scale,
            obs_error=0.001 * scale,
            homogeneous=True,
        )
        for name, scale in scales.items()
    )


def random_fields(
    plane: Plane, shape: tuple[int, ...], low: float, high: float, *, key: PRNGKeyArray
) -> Spectrum:
    """Spectra of random fields with mean square one, all power evenly on the rings low <= |k| <= high (waves)."""
    waves = jnp.sqrt(plane.square) * (plane.length / 2 / np.pi)
    band = (waves >= low - 1e-3) & (waves <= high + 1e-3) & (plane.mask > 0)
    if low > plane.kept:
        raise BadSpec(f"no kept wave is as short as {low:g}; the grid keeps up to {plane.kept}")
    noise = jax.random.normal(key, (*shape, plane.grid, plane.grid))
    # each wave has power 1 / |k| on average, so that every ring holds the same
    weight = jnp.where(band, 1 / jnp.sqrt(jnp.maximum(waves, 0.5)), 0.0)
    spectrum = plane.to_modes(noise) * weight
    return spectrum / jnp.sqrt(plane.mean_product(spectrum, spectrum))[..., None, None]


def _slowed(forcing: Forcing, start: Time, span: float, inner: float) -> KnobsAt:
    """Knobs at an inner time that runs from 0 to `inner` while the world's runs over `span`."""

    def at(time: Time) -> Knobs:
        return forcing.at(start + time * (span / inner))

    return at
