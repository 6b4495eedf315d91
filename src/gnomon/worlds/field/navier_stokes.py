"""Two-dimensional turbulence: the vorticity equation on a periodic plane."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import Time
from gnomon.numerics.closures import Layers
from gnomon.numerics.integrators import Etdrk4
from gnomon.numerics.plane_spectral import Plane, Spectrum, times
from gnomon.spec.cards import Balance, Knob, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.field.plane import (
    AbstractPlaneWorld,
    checked_courant,
    checked_grid,
    checked_numbers,
    checked_rate,
    observed_fields,
    random_fields,
)
from gnomon.worlds.field.plane_tracer import tracer_products, tracer_tendency
from gnomon.worlds.known import UNMEASURED, facts_that_hold, known_value, read_facts

STANDARD = {
    "forcing": "kolmogorov", "grid": 64, "points": 64, "viscosity": 0.01, "hyperviscosity": 0.0, "order": 2,
    "drag": 0.1, "beta": 0.0, "wavenumber": 4, "dt": 0.25, "substeps": 8, "tracer": False, "diffusivity": 0.01,
    "twin": "viscous",
}  # fmt: skip
LENGTH = 2 * np.pi
WIDTH = 1.5  # standard deviation, in waves, of the ring of the stochastic forcing
# Standard deviation of w after the spin-up and that of the dye under the Kolmogorov force. `python -m validation
# navier_stokes` checks the first, with `--setups` the others; all of the standard viscosity, drag and wavenumber.
SCALES = {"kolmogorov": 3.6, "ring": 1.8, "none": 0.76}
DYE = 1.7
# Of w in random eddies: a decaying flow begins with more than it keeps. Its spin-up leaves time for eddies to merge.
STARTS = {"kolmogorov": 3.6, "ring": 1.8, "none": 3.6}
SPINUP = {"kolmogorov": 40.0, "ring": 40.0, "none": 8.0}
DECAYS = (
    "A decaying flow has no Lyapunov time, small errors shrink with it: lengths are counted in time units, and "
    "errors in what is left of the standard set-up's vorticity at the end of its spin-up."
)
NO_ATTRACTOR = "a decaying flow comes to rest: it has no attractor, and no forcing to respond to"
SPEED = 4.0  # a fast wind of the standard set-ups: for the check of the inner step
SPAN = {"drive": (0.9, 1.0, 1.1), "injection": (0.09, 0.1, 0.11)}

Setup = Literal["kolmogorov", "ring", "none"]
Twin = Literal["viscous", "coarse"]


class NavierStokes(AbstractPlaneWorld):
    r"""Vorticity on a plane: vortices that merge, filaments that are stirred until viscosity ends them.

    .. math::
        w_t + J(\psi, w) + \beta \psi_x = \nu \nabla^2 w - \nu_h (-\nabla^2)^p w - \mu w + f, \qquad
        \nabla^2 \psi = w, \quad (u, v) = (-\psi_y, \psi_x)

    on a square of side 2 pi, periodic. nu is the `viscosity`, nu_h the `hyperviscosity` of `order` p, mu the knob
    `drag`, beta the gradient of the Coriolis parameter. Energy goes to large scales, where drag takes it; enstrophy to
    small ones.

    Three set-ups (`forcing`):

    * "kolmogorov": f = -A n cos(n y), the curl of a force A sin(n y) along x, n = `wavenumber` (4), A the knob `drive`.
      Dissipation 0.01 and drag 0.1 make it turbulent and resolved on 64 points (Chandler and Kerswell 2013,
      doi:10.1017/jfm.2013.122; the setting of Kochkov and others 2021, doi:10.1073/pnas.2101784118, with Re = 100).
    * "ring": noise, white in time, on waves near n = `wavenumber` (Gaussian of width 1.5), all of whose amplitudes are
      fixed and whose phases are drawn anew in every inner step h: w jumps by sqrt(eps h) times a field of kinetic
      energy one. The energy put in is eps (the knob `injection`) plus a term of mean zero, exactly, step by step.
    * "none": decaying turbulence; the knob `drag` is all that is left to turn.

    `tracer=True` adds a dye c with a mean gradient of one along y and diffusivity `diffusivity`.

    Budgets, exact for the equations in Fourier space: energy <|u|^2>/2 and enstrophy <w^2>/2 change by forcing, drag
    and dissipation alone, J changes neither. Solved without aliasing (waves up to a third of the grid), diffusion by
    exponential time differencing, all else by its fourth-order Runge-Kutta part.

    The imperfect twin has half as much viscosity (and hyperviscosity) again, and the standard viscosity where there is
    none; with `twin="coarse"`, for closures, it is the same flow with no shorter waves than the observed points hold.

    What misleads: at 64 points the range between forcing and dissipation is less than a decade: there is no inertial
    range to fit a slope to. A decaying flow has no attractor: only `forecast`, `trust` and `cost` are asked of it, from
    states of one age, and late in a run all forecasts are right because nothing is left.
    """

    card: WorldCard = eqx.field(static=True)
    plane: Plane
    scheme: Etdrk4
    beta: Float[Array, ""]
    push: Float[Array, "row mode"]
    names: tuple[str, ...] = eqx.field(static=True)
    setup: Setup = eqx.field(static=True)
    points: int = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        forcing: Setup = "kolmogorov",
        grid: int = 64,
        points: int | None = None,
        viscosity: float = 0.01,
        hyperviscosity: float = 0.0,
        order: int = 2,
        drag: float = 0.1,
        beta: float = 0.0,
        wavenumber: int = 4,
        dt: float = 0.25,
        substeps: int = 8,
        tracer: bool = False,
        diffusivity: float = 0.01,
        twin: Twin = "viscous",
    ):
        """Make the world.

        Args:
            forcing: the set-up.
            grid: points of the solver along each side; a third of them are waves.
            points: observed along each side; all of the solver's where None.
            viscosity: nu.
            hyperviscosity: nu_h.
            order: p.
            drag: default of the knob.
            beta: gradient of the Coriolis parameter.
            wavenumber: of the forcing.
            dt: time between two observations.
            substeps: inner steps in each `dt`.
            tracer: whether a dye is carried along.
            diffusivity: of the dye.
            twin: what the imperfect twin has wrong.
        """
        points = grid if points is None else points
        checked_grid("navier_stokes", points, grid)
        _check_twin(twin, points, grid)
        checked_numbers(
            "navier_stokes", dt, substeps, viscosity=viscosity, hyperviscosity=hyperviscosity, drag=drag,
            diffusivity=diffusivity,
        )  # fmt: skip
        self.plane = Plane(grid, LENGTH)
        _check(forcing, order, wavenumber, self.plane, (viscosity, hyperviscosity, drag, diffusivity))
        checked_courant(
            "navier_stokes", SPEED, self.plane, dt / substeps, "take more substeps or a shorter dt"
        )
        checked_rate("navier_stokes", "a Rossby wave", beta * LENGTH / 2 / np.pi, dt / substeps)
        checked_rate("navier_stokes", "drag", drag, dt / substeps)
        square = np.asarray(self.plane.square, np.float64)
        lost = -(viscosity * square + hyperviscosity * square**order)
        self.scheme = Etdrk4(np.stack([lost, -diffusivity * square] if tracer else [lost]), dt / substeps)
        self.beta = jnp.asarray(float(beta))
        self.setup, self.points, self.substeps = forcing, points, substeps
        self.names = ("w", "c") if tracer else ("w",)
        self.push = jnp.asarray(_push(self.plane, forcing, wavenumber))
        self.card = _card(
            forcing=forcing, grid=grid, points=points, viscosity=float(viscosity), hyperviscosity=float(hyperviscosity),
            order=order, drag=float(drag), beta=float(beta), wavenumber=wavenumber, dt=float(dt), substeps=substeps,
            tracer=tracer, diffusivity=float(diffusivity), twin=twin,
        )  # fmt: skip

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Random eddies of a few waves, with the vorticity that forced turbulence has."""
        spectrum = random_fields(self.plane, (len(self.names),), 1.0, min(6.0, self.plane.kept), key=key)
        sizes = jnp.asarray([STARTS[self.setup], DYE][: len(self.names)])
        return self.state(sizes[:, None, None].astype(spectrum.real.dtype) * spectrum)

    def tendency(self, spectrum: Spectrum, knobs: Knobs) -> Spectrum:
        """All but viscosity, diffusion and the noise."""
        plane, w = self.plane, spectrum[0]
        winds = plane.winds(times(plane.inverse, w))
        if len(self.names) == 1:
            u, v = plane.to_grid(winds)
            stresses = plane.to_modes(plane.stresses(u, v))
        else:
            u, v, c = plane.to_grid(jnp.concatenate([winds, spectrum[1:]]))
            products = jnp.concatenate([plane.stresses(u, v), tracer_products(u, v, c)])
            stresses = plane.to_modes(products)
        change = plane.self_advection(stresses[:2]) - times(self.beta, winds[1]) - times(knobs["drag"], w)
        if self.setup == "kolmogorov":
            change = change + knobs["drive"] * self.push
        if len(self.names) == 1:
            return change[None]
        return jnp.stack([change, tracer_tendency(plane, stresses[2:], winds[1], 1.0)])

    def evolve(self, spectrum: Spectrum, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Spectrum:
        """The spectra `card.dt` later; the noise of every inner step is drawn from `key`."""
        if self.setup != "ring":
            return self.quietly(spectrum, forcing, time=time)
        h = self.inner_step()

        def one(carried: Spectrum, drawn: tuple[Array, Array]) -> tuple[Spectrum, None]:
            i, own = drawn
            now = time + i * h
            carried = carried.at[0].add(self.noise(forcing.at(now)["injection"], h, key=own))
            return self.advance(carried, forcing.at, time=now, dt=h, substeps=1), None

        steps = jnp.arange(self.substeps)
        return jax.lax.scan(one, spectrum, (steps, jax.random.split(key, self.substeps)))[0]

    def noise(self, injection: Array, h: float, *, key: PRNGKeyArray) -> Spectrum:
        """The jump of vorticity in one inner step h: amplitudes fixed, phases drawn; its own energy is injection * h.

        Phases do not depend on the state, so the product of the two, the only other part of the change of energy, has
        mean zero.
        """
        grid = self.plane.grid
        white = self.plane.to_modes(jax.random.normal(key, (grid, grid), self.push.dtype))
        phase = white / jnp.maximum(jnp.abs(white), jnp.finfo(self.push.dtype).tiny)
        return jnp.sqrt(injection * h).astype(self.push.dtype) * self.push * phase

    def layers(self, spectrum: Spectrum, knobs: Knobs) -> Layers:
        """The flow as a closure sees it: one layer."""
        return Layers(times(self.plane.inverse, spectrum[:1]), spectrum[:1], jnp.ones(1, self.push.dtype))

    def speed(self, spectrum: Spectrum, knobs: Knobs) -> Float[Array, ""]:
        """The fastest wind."""
        u, v = self.plane.to_grid(self.plane.winds(self.plane.inverse * spectrum[0]))
        return jnp.sqrt((u**2 + v**2).max())

    def inner_step(self) -> float:
        """In the world's own units."""
        return self.card.dt / self.substeps


def _check_twin(twin: str, points: int, grid: int) -> None:
    """Raise `BadSpec` where there is no such twin."""
    if twin not in ("viscous", "coarse"):
        raise BadSpec(f"navier_stokes: twin is {twin!r}; expected viscous or coarse")
    if twin == "coarse" and _holding(points) >= grid:
        raise BadSpec(
            f"navier_stokes: a grid of {grid} is no finer than its coarse twin, which needs {_holding(points)} to "
            f"hold the waves of {points} points; take fewer points or a finer grid"
        )


def _holding(points: int) -> int:
    """The smallest even grid that keeps all waves of so many points."""
    grid = -(-3 * points // 2)
    return grid + grid % 2


def _mistaken(given: dict) -> dict:
    """What makes the imperfect twin."""
    if given["twin"] == "coarse":
        grid = _holding(given["points"])
        substeps = max(1, -(-given["substeps"] * grid // given["grid"]))
        return {"grid": grid, "points": given["points"], "substeps": substeps, "twin": "viscous"}
    if (
        given["viscosity"] == given["hyperviscosity"] == 0
    ):  # half as much again of nothing would be the truth itself
        return {"viscosity": STANDARD["viscosity"]}
    return {"viscosity": 1.5 * given["viscosity"], "hyperviscosity": 1.5 * given["hyperviscosity"]}


def _check(forcing: str, order: int, wavenumber: int, plane: Plane, not_negative: tuple[float, ...]) -> None:
    """Raise `BadSpec` where an argument cannot be used."""
    if forcing not in SCALES:
        raise BadSpec(f"navier_stokes: forcing is {forcing!r}; expected one of {', '.join(SCALES)}")
    if min(not_negative) < 0 or order < 2:
        raise BadSpec(
            "navier_stokes: viscosity, hyperviscosity, drag and diffusivity must not be negative, order >= 2"
        )
    if not 1 <= wavenumber <= plane.kept:
        raise BadSpec(
            f"navier_stokes: a grid of {plane.grid} keeps wavenumbers up to {plane.kept}; "
            f"it cannot be forced at {wavenumber}"
        )


def _push(plane: Plane, forcing: str, wavenumber: int) -> np.ndarray:
    """Spectrum of the force at amplitude one: the Kolmogorov curl, or amplitudes of a field of kinetic energy one."""
    square = np.asarray(plane.square, np.float64)
    if forcing == "kolmogorov":
        y = 2 * np.pi * np.arange(plane.grid) / plane.grid
        field = np.broadcast_to(-wavenumber * np.cos(wavenumber * y)[:, None], (plane.grid, plane.grid))
        return np.round(np.fft.rfft2(field).real[:, : plane.kept + 1], 6)
    if forcing == "none":
        return np.zeros_like(square)
    waves = np.sqrt(square)
    power = (
        np.exp(-((waves - wavenumber) ** 2) / 2 / WIDTH**2) / np.maximum(waves, 1.0) * np.asarray(plane.mask)
    )
    power[0, 0] = 0.0
    # amplitude |w_k| of each wave; kinetic energy is the sum of |w_k|^2 / k^2 / 2 over the full plane
    twice = np.where(np.arange(plane.kept + 1) == 0, 1.0, 2.0)
    energy = (twice * power / np.maximum(square, 1.0)).sum() / 2 / plane.grid**4
    return np.sqrt(power / energy)


def _knobs(forcing: str, drag: float, wavenumber: int, points: int) -> tuple[Knob, ...]:
    brake = Knob(
        name="drag", default=drag, low=0.8 * drag, high=1.2 * drag if drag else 0.05, units="1",
        meaning="rate at which all vorticity is braked",
    )  # fmt: skip
    if forcing == "none":
        return (brake,)
    if forcing == "ring":
        low, default, high = SPAN["injection"]
        return (
            Knob(
                name="injection", default=default, low=low, high=high, units="1",
                meaning="kinetic energy put in by the noise per unit of time and area",
            ),
            brake,
        )  # fmt: skip
    low, default, high = SPAN["drive"]
    y = 2 * np.pi * np.arange(points) / points
    pattern = np.broadcast_to(-wavenumber * np.cos(wavenumber * y)[:, None], (points, points))
    return (
        Knob(
            name="drive", default=default, low=low, high=high, units="1",
            meaning="amplitude of the steady force along x, a sine of y",
            pattern=tuple(float(f"{p:.9g}") for p in np.round(pattern, 9).ravel()),
        ),
        brake,
    )  # fmt: skip


def _card(**given) -> WorldCard:
    forcing, points, tracer = given["forcing"], given["points"], given["tracer"]
    facts = facts_that_hold(read_facts(__file__), given, STANDARD)
    scale = SCALES[forcing]
    fields = [("w", scale)] + ([("c", DYE)] if tracer else [])
    kind = {
        "kolmogorov": "a steady sinusoidal force",
        "ring": "white noise on a ring of waves",
        "none": "no force",
    }
    return WorldCard(
        name="navier_stokes",
        rung="field",
        summary=f"two-dimensional turbulence under {kind[forcing]}, {points} x {points} points"
        + (", with a dye" if tracer else ""),
        dt=given["dt"],
        time_units="1",
        variables=observed_fields(points, dict(fields)),
        knobs=_knobs(forcing, given["drag"], given["wavenumber"], points),
        timescale=1.0 if forcing == "none" else 1 / known_value(facts, "leading_exponent", 0.2),
        spinup=SPINUP[forcing],
        exponents=8,
        references=("10.1017/jfm.2013.122", "10.1073/pnas.2101784118", "10.1016/0021-9991(83)90118-0"),
        imperfect={**{k: v for k, v in given.items() if v != STANDARD[k]}, **_mistaken(given)},
        length=LENGTH,
        history=16,
        limits=(
            "Two dimensions: energy goes up in scale, not down; nothing here says how three-dimensional flows behave.",
            *(() if facts else (DECAYS if forcing == "none" else UNMEASURED,)),
        ),
        unasked=dict.fromkeys(("climate", "response", "shift", "cause"), NO_ATTRACTOR)
        if forcing == "none"
        else {},
        balances=(Balance(name="mean", kind="conserved", scale=scale, units="1", terms=((1.0, ("w",)),)),),
        facts=facts,
    )
