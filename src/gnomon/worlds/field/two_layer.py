"""Two-layer quasi-geostrophic flow: eddies and jets of an ocean with a sheared current."""

from typing import Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import Time
from gnomon.numerics.closures import Layers
from gnomon.numerics.integrators import Etdrk4
from gnomon.numerics.layers import (
    Coupling,
    coupling,
    layer_advection,
    layer_products,
    mean_flow,
    potential_vorticity,
    stream_functions,
)
from gnomon.numerics.plane_spectral import Plane, Spectrum, times, times_i
from gnomon.spec.cards import Balance, Knob, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.field.plane import (
    AbstractPlaneWorld,
    checked_courant,
    checked_factors,
    checked_grid,
    checked_numbers,
    observed_fields,
    random_fields,
)
from gnomon.worlds.field.plane_tracer import tracer_products, tracer_tendency
from gnomon.worlds.known import facts_that_hold, known_value, read_facts

STANDARD = {
    "setup": "eddy", "points": 64, "aliased": False, "dt": 1.0, "substeps": 4, "tracer": False, "diffusivity": 50.0,
    "fine": 0,
}  # fmt: skip
DAY = 86400.0
LENGTH = 1e6  # m
FAST = 0.5  # m/s, a fast current: for the check of the inner step
# cut-off and strength of the published filter, in radians a grid step, and the step it was made for
CUT, STRENGTH, FILTERED = 0.65 * np.pi, 23.6, 3600.0
SETUPS = {
    "eddy": {"shear": 0.025, "beta": 1.5e-11, "friction": 5.787e-7, "radius": 15000.0, "ratio": 0.25},
    "jet": {"shear": 0.025, "beta": 1.0e-11, "friction": 7.0e-8, "radius": 15000.0, "ratio": 0.1},
}
# Standard deviations of q1 and q2, 1/s, and of a dye with a mean gradient of one per metre in the eddies, m: `python -m
# validation two_layer` checks the eddies', with `--setups` those of jets and dye; all on 64 points.
SCALES = {"eddy": (8.2e-6, 1.05e-6), "jet": (6.2e-6, 2.7e-7)}
DYE = 5e4
UNITS = {"shear": "m s-1", "beta": "m-1 s-1", "friction": "s-1", "radius": "m", "ratio": "1"}
MEANING = {
    "shear": "speed of the mean current of the upper layer over that of the lower one",
    "beta": "gradient of the Coriolis parameter",
    "friction": "rate at which the bottom brakes the lower layer",
    "radius": "deformation radius",
    "ratio": "depth of the upper layer over that of the lower one",
}

Setup = Literal["eddy", "jet"]


class TwoLayer(AbstractPlaneWorld):
    r"""Two layers of a rotating ocean: a current whose shear feeds eddies, which make jets where beta is strong.

    .. math::
        q_{1,t} + J(\psi_1, q_1) + U q_{1,x} + (\beta + F_1 U) \psi_{1,x} = D q_1

        q_{2,t} + J(\psi_2, q_2) + (\beta - F_2 U) \psi_{2,x} = - r \nabla^2 \psi_2 + D q_2

        q_1 = \nabla^2 \psi_1 + F_1 (\psi_2 - \psi_1), \quad q_2 = \nabla^2 \psi_2 + F_2 (\psi_1 - \psi_2), \quad
        F_1 = \frac{1}{r_d^2 (1 + \delta)}, \quad F_2 = \delta F_1

    on a periodic square of 1000 km. U is the knob `shear`, beta `beta`, r `friction`, r_d `radius`, delta = H1/H2
    `ratio`: all are knobs, so that each can be moved, in time too. The two set-ups are the eddy and the jet
    configuration of Ross, Li, Perezhogin, Fernandez-Granda and Zanna (2023), doi:10.1029/2022MS003258, made with pyqg.

    As published: equations, parameters, and D, which damps waves shorter than 0.65 of the shortest by
    exp(-23.6 (k* - 0.65 pi)^4) an hour, k* in radians a grid step of `points`. What differs, and why: D acts as a rate,
    exactly integrated, so that it does not depend on the inner step; products are formed on a grid half as fine again
    (96 for 64), so that nothing is aliased and J changes neither energy nor enstrophy (`aliased=True` forms them on the
    observed grid, as pyqg does, for half the cost); a fourth-order step of six hours stands for six of pyqg's
    Adams-Bashforth steps of one. The means of q1 and q2 stay zero.

    `wrong` multiplies what this model takes a knob for: `wrong={"beta": 0.0}` leaves beta out. The imperfect twin
    has the friction half as strong again and beta a tenth too small: a wrong model for hybrids and for finding the
    missing term. `tracer=True` adds a dye in the upper layer with a mean gradient of one along y.

    `fine=256` solves on 256 points and shows the waves that `points` can hold, so that a closure can be judged: then
    the imperfect twin is the same flow solved on the observed points, with nothing else wrong.

    What misleads: 64 points barely hold the deformation radius (15.6 km against 15): the published coarse run, not the
    truth of the paper, which has 256 (`points=256`, more substeps). Jets need years to form.
    """

    card: WorldCard = eqx.field(static=True)
    plane: Plane
    scheme: Etdrk4
    factors: dict[str, Float[Array, ""]]
    names: tuple[str, ...] = eqx.field(static=True)
    setup: Setup = eqx.field(static=True)
    points: int = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        setup: Setup = "eddy",
        points: int = 64,
        aliased: bool = False,
        dt: float = 1.0,
        substeps: int = 4,
        tracer: bool = False,
        diffusivity: float = 50.0,
        wrong: dict[str, float] | None = None,
        fine: int = 0,
    ):
        """Make the world.

        Args:
            setup: "eddy" or "jet".
            points: along each side, observed; products are formed on half as many again, rounded up to even.
            aliased: whether products are formed on the observed points instead.
            dt: time between two observations, days.
            substeps: inner steps in each `dt`.
            tracer: whether a dye is carried along in the upper layer.
            diffusivity: of the dye, m2 s-1.
            wrong: factors by which this model mistakes the values of knobs; 0 leaves the term out (not of radius and
                ratio, which must stay positive).
            fine: points along each side on which the flow is solved, where more than are observed; 0 for `points`.
        """
        if setup not in SETUPS:
            raise BadSpec(f"two_layer: setup is {setup!r}; expected one of {', '.join(SETUPS)}")
        solved = fine or points
        checked_grid("two_layer", points, solved)
        checked_numbers("two_layer", dt, substeps, diffusivity=diffusivity)
        kept = solved // 2 - 1
        self.plane = Plane(solved if aliased else _padded(solved), LENGTH, kept)
        step = dt * DAY / substeps
        checked_courant(
            "two_layer",
            FAST,
            self.plane,
            step,
            "take more substeps, about one for each quarter day at 64 points",
        )
        square = np.asarray(self.plane.square, np.float64)
        angle = np.sqrt(square) * LENGTH / solved
        lost = -STRENGTH / FILTERED * np.maximum(angle - CUT, 0.0) ** 4
        fields = [lost, lost] + ([-diffusivity * square] if tracer else [])
        self.scheme = Etdrk4(np.stack(fields), step)
        self.names = ("q1", "q2", "c")[: len(fields)]
        self.setup, self.points, self.substeps = setup, points, substeps
        knobs = _knobs(setup)
        factors = checked_factors("two_layer", wrong, knobs)
        if min(factors["radius"], factors["ratio"]) <= 0:
            raise BadSpec("two_layer: the factors of radius and ratio must be positive")
        self.factors = {name: jnp.asarray(value) for name, value in factors.items()}
        given = {
            "setup": setup, "points": points, "aliased": aliased, "dt": float(dt), "substeps": substeps,
            "tracer": tracer, "diffusivity": float(diffusivity), "fine": fine,
        }  # fmt: skip
        self.card = _card(given, knobs, right=all(f == 1 for f in factors.values()))

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Random eddies of a few waves, in part the same in both layers, with the turbulence's own vorticity."""
        psi = random_fields(self.plane, (len(self.names),), 2.0, 7.0, key=key)
        knobs = {k.name: jnp.asarray(k.default) for k in self.card.knobs}
        both = jnp.stack([psi[0], psi[0] + 0.5 * psi[1]])
        q = potential_vorticity(self.plane, both, coupling(knobs["radius"], knobs["ratio"]))
        q = q * (SCALES[self.setup][0] / jnp.sqrt(self.plane.mean_product(q[0], q[0])))
        return self.state(jnp.concatenate([q, DYE * psi[2:]]).astype(psi.dtype))

    def held(self, knobs: Knobs) -> tuple[Knobs, Coupling]:
        """The knobs as this model takes them, and how its layers are coupled."""
        taken = {name: self.factors[name] * knobs[name] for name in self.factors}
        return taken, coupling(taken["radius"], taken["ratio"])

    def evolve(self, spectrum: Spectrum, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Spectrum:
        """The spectra `card.dt` later; deterministic, `key` is not used."""
        return self.quietly(spectrum, forcing, time=time)

    def tendency(self, spectrum: Spectrum, knobs: Knobs) -> Spectrum:
        """All but the filter and diffusion, per second."""
        plane = self.plane
        taken, hold = self.held(knobs)
        q = spectrum[:2]
        psi = stream_functions(plane, q, hold)
        winds = plane.winds(psi)
        spectra = jnp.concatenate([winds[:, 0], winds[:, 1], spectrum[2:]])
        fields = plane.to_grid(spectra)
        u, v = fields[:2], fields[2:4]
        products = layer_products(u, v)
        if len(self.names) == 3:
            products = jnp.concatenate([products, tracer_products(u[0], v[0], fields[4])])
        modes = plane.to_modes(products)
        change = layer_advection(plane, modes[:5], hold)
        change = change + mean_flow(plane, q, psi, hold, shear=taken["shear"], beta=taken["beta"])
        braked = times(taken["friction"] * plane.square, psi[1])
        change = change + jnp.stack([jnp.zeros_like(braked), braked])
        if len(self.names) == 2:
            return change
        stirred = tracer_tendency(plane, modes[5:], winds[0, 1], 1.0) - times_i(
            taken["shear"] * plane.kx, spectrum[2]
        )
        return jnp.concatenate([change, stirred[None]])

    def layers(self, spectrum: Spectrum, knobs: Knobs) -> Layers:
        """The flow as a closure sees it."""
        hold = self.held(knobs)[1]
        q = spectrum[:2]
        return Layers(stream_functions(self.plane, q, hold), q, jnp.stack([hold.lower, hold.upper]))

    def speed(self, spectrum: Spectrum, knobs: Knobs) -> Float[Array, ""]:
        """The fastest current, the mean one included, m/s."""
        taken, hold = self.held(knobs)
        winds = self.plane.to_grid(self.plane.winds(stream_functions(self.plane, spectrum[:2], hold)))
        u = winds[:, 0] + jnp.stack([taken["shear"], jnp.zeros_like(taken["shear"])])[:, None, None]
        return jnp.sqrt((u**2 + winds[:, 1] ** 2).max())

    def inner_step(self) -> float:
        """In seconds."""
        return self.card.dt * DAY / self.substeps


def _padded(points: int) -> int:
    grid = -(-3 * points // 2)
    return grid + grid % 2


def _knobs(setup: str) -> tuple[Knob, ...]:
    return tuple(
        Knob(
            name=name, default=value, low=0.9 * value, high=1.1 * value, units=UNITS[name], meaning=MEANING[name]
        )
        for name, value in SETUPS[setup].items()
    )  # fmt: skip


def _mistaken(given: dict) -> dict:
    """What makes the imperfect twin: the observed points where the flow is solved on more, wrong knobs elsewhere."""
    points, fine = given["points"], given["fine"]
    if fine > points:
        return {"fine": points, "substeps": max(1, -(-given["substeps"] * points // fine))}
    return {"wrong": {"friction": 1.5, "beta": 0.9}}


def _card(given: dict, knobs: tuple[Knob, ...], *, right: bool) -> WorldCard:
    points, setup = given["points"], given["setup"]
    facts = facts_that_hold(read_facts(__file__), given, STANDARD) if right else ()
    scales = dict(zip(("q1", "q2"), SCALES[setup], strict=True)) | ({"c": DYE} if given["tracer"] else {})
    return WorldCard(
        name="two_layer",
        rung="field",
        summary=f"two-layer quasi-geostrophic flow, {setup} set-up, {points} x {points} points"
        + (f" of {given['fine']}" if given["fine"] > points else "")
        + (", with a dye" if given["tracer"] else ""),
        dt=given["dt"],
        time_units="d",
        variables=observed_fields(
            points, scales, units={name: "m" if name == "c" else "s-1" for name in scales}
        ),
        knobs=knobs,
        timescale=1 / known_value(facts, "leading_exponent", 0.037),
        spinup=1080.0,
        exponents=8,
        references=("10.1029/2022MS003258", "10.1016/0021-9991(83)90118-0"),
        imperfect={**{k: v for k, v in given.items() if v != STANDARD[k]}, **_mistaken(given)},
        length=LENGTH,
        history=16,
        limits=(
            "Quasi-geostrophic: no coasts, no outcropping, no bottom relief, a stratification that never changes.",
            *(
                ()
                if facts
                else ("The Lyapunov time given is that of the standard eddies; it was not measured here.",)
            ),
        ),
        balances=(
            Balance(
                name="mean of q1", kind="conserved", scale=scales["q1"], units="s-1", terms=((1.0, ("q1",)),)
            ),
            Balance(
                name="mean of q2", kind="conserved", scale=scales["q2"], units="s-1", terms=((1.0, ("q2",)),)
            ),
        ),
        facts=facts,
    )
