"""Rotating shallow water: slow vortices and fast gravity waves in one layer."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import Time
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
    "grid": 64, "points": 64, "gravity": 36.0, "coriolis": 6.0, "viscosity": 0.01, "drag": 0.1, "wavenumber": 4,
    "dt": 0.25, "substeps": 32, "tracer": False, "diffusivity": 0.01,
}  # fmt: skip
LENGTH = 2 * np.pi
# Standard deviations: `python -m validation shallow_water` checks them, with `--setups` the dye's.
SCALES = {"u": 0.88, "v": 0.75, "h": 0.088}
DYE = 1.0
SPEED = 3.0  # a fast wind, to which the speed of gravity waves is added


class ShallowWater(AbstractPlaneWorld):
    r"""One layer of water under rotation: vortices in near balance, and the gravity waves that they shed.

    .. math::
        u_t - q F_y + B_x = \nu \nabla^2 u - \mu u + A \sin(n y), \qquad
        v_t + q F_x + B_y = \nu \nabla^2 v - \mu v, \qquad
        h_t + F_{x,x} + F_{y,y} = \nu \nabla^2 h

        (F_x, F_y) = (1 + h)(u, v), \quad q = \frac{f + v_x - u_y}{1 + h}, \quad B = \frac{u^2 + v^2}{2} + g h

    on a periodic square of side 2 pi and mean depth 1. f is `coriolis`, g `gravity` (waves travel at sqrt(g); the
    radius of deformation is sqrt(g)/f, one by default), A the knob `drive`, mu the knob `drag`, n = `wavenumber`.

    Energy <(1 + h)(u^2 + v^2)/2 + g h^2/2> changes by force, drag and viscosity alone, and the mean of h not at all,
    both exactly for the equations in Fourier space: q and F are cut to the kept waves before they are multiplied, so
    that the vorticity flux does no work (the spectral form of Sadourny 1975,
    doi:10.1175/1520-0469(1975)032<0680:TDOFDM>2.0.CO;2). It costs thirteen transforms where nine would do without the
    budget. Potential enstrophy is kept to the accuracy of the truncation only. h diffuses like the wind, so that
    filaments of it end on the grid too.

    `tracer=True` adds a dye c, carried by the wind in the form u . grad c, with a mean gradient of one along y.

    The imperfect twin has half as much viscosity again, and the standard one where there is none.

    What misleads: gravity waves are most of the divergence and little of the energy; a model that damps them looks good
    on u and v. The depth must stay positive: at four times the drive it still does by far.
    """

    card: WorldCard = eqx.field(static=True)
    plane: Plane
    scheme: Etdrk4
    gravity: Float[Array, ""]
    coriolis: Float[Array, ""]
    push: Float[Array, "row mode"]
    names: tuple[str, ...] = eqx.field(static=True)
    points: int = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        grid: int = 64,
        points: int | None = None,
        gravity: float = 36.0,
        coriolis: float = 6.0,
        viscosity: float = 0.01,
        drag: float = 0.1,
        wavenumber: int = 4,
        dt: float = 0.25,
        substeps: int = 32,
        tracer: bool = False,
        diffusivity: float = 0.01,
    ):
        """Make the world.

        Args:
            grid: points of the solver along each side; a third of them are waves.
            points: observed along each side; all of the solver's where None.
            gravity: g, positive.
            coriolis: f.
            viscosity: nu.
            drag: default of the knob.
            wavenumber: of the force.
            dt: time between two observations.
            substeps: inner steps in each `dt`.
            tracer: whether a dye is carried along.
            diffusivity: of the dye.
        """
        points = grid if points is None else points
        checked_grid("shallow_water", points, grid)
        checked_numbers(
            "shallow_water",
            dt,
            substeps,
            gravity=gravity,
            viscosity=viscosity,
            drag=drag,
            diffusivity=diffusivity,
        )
        if gravity == 0:
            raise BadSpec("shallow_water: gravity must be positive")
        self.plane = Plane(grid, LENGTH)
        if not 1 <= wavenumber <= self.plane.kept:
            raise BadSpec(
                f"shallow_water: a grid of {grid} keeps wavenumbers up to {self.plane.kept}; "
                f"it cannot be forced at {wavenumber}"
            )
        # waves on the diagonal of the square of kept waves are longest by the root of two
        fastest = SPEED + float(np.sqrt(2 * gravity))
        checked_courant(
            "shallow_water", fastest, self.plane, dt / substeps, "take more substeps or a shorter dt"
        )
        checked_rate("shallow_water", "the rotation", coriolis, dt / substeps)
        checked_rate("shallow_water", "drag", drag, dt / substeps)
        square = np.asarray(self.plane.square, np.float64)
        lost = [-viscosity * square] * 3 + ([-diffusivity * square] if tracer else [])
        self.scheme = Etdrk4(np.stack(lost), dt / substeps)
        self.gravity, self.coriolis = jnp.asarray(float(gravity)), jnp.asarray(float(coriolis))
        force = np.broadcast_to(_pattern(grid, wavenumber), (grid, grid))
        self.push = jnp.asarray(np.round(np.fft.rfft2(force).imag[:, : self.plane.kept + 1], 6))
        self.names = ("u", "v", "h", "c")[: len(lost)]
        self.points, self.substeps = points, substeps
        self.card = _card(
            grid=grid, points=points, gravity=float(gravity), coriolis=float(coriolis), viscosity=float(viscosity),
            drag=float(drag), wavenumber=wavenumber, dt=float(dt), substeps=substeps, tracer=tracer,
            diffusivity=float(diffusivity),
        )  # fmt: skip

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Random eddies of a few waves in geostrophic balance: g h = f psi."""
        psi = random_fields(self.plane, (len(self.names) - 2,), 1.0, 4.0, key=key)
        winds = self.plane.winds(psi[0])
        size = SCALES["u"] / jnp.sqrt(self.plane.mean_product(winds[0], winds[0]))
        height = (self.coriolis / self.gravity) * psi[:1]
        return self.state(jnp.concatenate([size * winds, size * height, DYE * psi[1:]]).astype(psi.dtype))

    def evolve(self, spectrum: Spectrum, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Spectrum:
        """The spectra `card.dt` later; deterministic, `key` is not used."""
        return self.quietly(spectrum, forcing, time=time)

    def tendency(self, spectrum: Spectrum, knobs: Knobs) -> Spectrum:
        """All but viscosity and diffusion."""
        plane = self.plane
        swirl = plane.ddx(spectrum[1]) - plane.ddy(spectrum[0])
        fields = plane.to_grid(jnp.concatenate([spectrum, swirl[None]]))
        u, v, h, vorticity = fields[0], fields[1], fields[2], fields[-1]
        spin = (self.coriolis + vorticity) / (1 + h)
        products = [h * u, h * v, (u**2 + v**2) / 2, spin]
        if len(self.names) == 4:
            products += list(tracer_products(u, v, fields[3]))
        modes = times(plane.mask, plane.to_modes(jnp.stack(products)))
        fluxes = spectrum[:2] + modes[:2]
        fx, fy, q = plane.to_grid(jnp.concatenate([fluxes, modes[3:4]]))
        turned = times(plane.mask, plane.to_modes(jnp.stack([q * fy, -q * fx])))
        head = modes[2] + times(self.gravity, spectrum[2])
        slope = jnp.stack([plane.ddx(head), plane.ddy(head)])
        wind = jnp.stack([1j * knobs["drive"] * self.push, jnp.zeros_like(head)])
        parts = [turned - slope - times(knobs["drag"], spectrum[:2]) + wind, -plane.divergence(fluxes)[None]]
        if len(self.names) == 4:
            parts.append(self._stirred(modes[4:], spectrum, fields)[None])
        return jnp.concatenate(parts)

    def _stirred(self, fluxes: Spectrum, spectrum: Spectrum, fields: Array) -> Spectrum:
        """-u . grad c - v: the divergence of the fluxes less c times that of the wind, which is not zero here."""
        plane = self.plane
        spread = plane.to_grid(plane.divergence(spectrum[:2]))
        swelling = times(plane.mask, plane.to_modes(fields[3] * spread))
        return tracer_tendency(plane, fluxes, spectrum[1], 1.0) + swelling

    def speed(self, spectrum: Spectrum, knobs: Knobs) -> Float[Array, ""]:
        """The fastest wind plus the speed of gravity waves on the deepest water, along a diagonal."""
        u, v, h = self.plane.to_grid(spectrum[:3])
        return jnp.sqrt((u**2 + v**2).max()) + jnp.sqrt(2 * self.gravity * (1 + h).max())

    def inner_step(self) -> float:
        """In the world's own units."""
        return self.card.dt / self.substeps

    def energy(self, spectrum: Spectrum) -> Float[Array, ""]:
        """Kinetic and potential energy per unit of area."""
        u, v, h = self.plane.to_grid(spectrum[:3])
        return ((1 + h) * (u**2 + v**2) / 2 + self.gravity * h**2 / 2).mean()


def _pattern(points: int, wavenumber: int) -> np.ndarray:
    return np.sin(2 * np.pi * wavenumber * np.arange(points) / points)[:, None]


def _card(**given) -> WorldCard:
    points, tracer, drag = given["points"], given["tracer"], given["drag"]
    facts = facts_that_hold(read_facts(__file__), given, STANDARD)
    scales = SCALES | ({"c": DYE} if tracer else {})
    pattern = np.broadcast_to(_pattern(points, given["wavenumber"]), (points, points))
    return WorldCard(
        name="shallow_water",
        rung="field",
        summary=f"rotating shallow water under a steady sinusoidal wind, {points} x {points} points"
        + (", with a dye" if tracer else ""),
        dt=given["dt"],
        time_units="1",
        variables=observed_fields(points, scales),
        knobs=(
            Knob(
                name="drive",
                default=1.0,
                low=0.9,
                high=1.1,
                units="1",
                meaning="amplitude of the steady wind along x",
                pattern=tuple(float(f"{p:.9g}") for p in np.round(pattern, 9).ravel()),
            ),
            Knob(
                name="drag",
                default=drag,
                low=0.8 * drag,
                high=1.2 * drag if drag else 0.05,
                units="1",
                meaning="rate at which the wind is braked",
            ),
        ),
        timescale=1 / known_value(facts, "leading_exponent", 0.2),
        spinup=40.0,
        exponents=8,
        references=("10.1175/1520-0469(1975)032<0680:TDOFDM>2.0.CO;2",),
        imperfect={
            **{k: v for k, v in given.items() if v != STANDARD[k]},
            # half as much again of nothing would be the truth itself
            "viscosity": 1.5 * given["viscosity"] or STANDARD["viscosity"],
        },
        length=LENGTH,
        history=16,
        limits=(
            "One layer: no baroclinic instability; the mean depth and rotation never change.",
            *(() if facts else (UNMEASURED,)),
        ),
        balances=(
            Balance(name="mass", kind="conserved", scale=SCALES["h"], units="1", terms=((1.0, ("h",)),)),
        ),
        facts=facts,
    )
