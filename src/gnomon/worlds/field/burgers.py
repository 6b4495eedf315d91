"""Burgers' equation on a ring under a chaotic push."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from gnomon.numerics.ring import RingEquation
from gnomon.spec.cards import WorldCard
from gnomon.worlds.field.chaotic_push import EXPONENT
from gnomon.worlds.field.driven_ring import (
    AbstractDrivenRing,
    check_grid,
    check_numbers,
    check_step,
    drive_knob,
    driven_card,
    mean_balance,
    push_patterns,
    ring_variables,
)
from gnomon.worlds.known import facts_that_hold, known_value, read_facts

STANDARD = {
    "viscosity": 0.1, "advection": 1.0, "length": 2 * np.pi, "points": 64, "grid": 192, "pace": 0.5, "dt": 0.1,
    "substeps": 10,
}  # fmt: skip
SCALE = 1.0  # standard deviation of u at drive 1; checked by validation/
FAST = 3 * SCALE  # a large u, for the check of the inner step


class Burgers(AbstractDrivenRing):
    r"""Steepening against friction: the simplest equation that makes shocks, pushed so that it has a climate.

    .. math::
        u_t + c u u_x = \nu u_{xx} + A \sum_{i=1}^{3} w_i(t) p_i(x), \qquad u(x + L) = u(x)

    with p = cos kx, sin 2kx, cos 3kx (k = 2 pi / L) and w(t) the three variables of Lorenz's equations of 1963
    (sigma 10, rho 28, beta 8/3), centred, divided by their standard deviations and run at `pace` of their time
    units in one of ours. c (`advection`) steepens slopes, nu (`viscosity`) keeps shocks 4 nu / (c jump) wide, A
    (the knob `drive`) feeds waves 1 to 3. The mean is a constant of motion and kept at zero. Energy: d<u^2>/2 dt =
    -nu <u_x^2> + A <f u>, closed to round-off by the truncated solver, whose products are free of aliasing.

    Without a push all starts decay and Cole's and Hopf's substitution solves the equation (`numerics.exact_waves`):
    `drive = 0` is that world. With one it has no chaos of its own: two fields under the same push become one (all
    exponents of the field are negative), so the leading exponent is the push's, `pace` times 0.906, and how long a
    forecast is right is a matter of the push's weather, which is seen. That is why the push is not white noise, as
    in much of the literature: then no forecast from a known start could be judged.

    The imperfect twin has nu larger by half, and the standard nu where there is none: its shocks are too wide, its
    energy too low.

    Solved by a Fourier method with exponential time differencing of fourth order on `grid` points.

    Burgers (1948), doi:10.1016/S0065-2156(08)70100-5; Cole (1951), doi:10.1090/qam/42889; Hopf (1950),
    doi:10.1002/cpa.3160030302; the push: Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
    """

    card: WorldCard = eqx.field(static=True)
    equation: RingEquation
    patterns: Complex[Array, "push mode"]
    pace: Float[Array, ""]
    points: int = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        viscosity: float = 0.1,
        advection: float = 1.0,
        length: float = 2 * np.pi,
        points: int = 64,
        grid: int = 192,
        pace: float = 0.5,
        dt: float = 0.1,
        substeps: int = 10,
    ):
        """Make the world.

        Args:
            viscosity: nu.
            advection: c, the coefficient of u u_x.
            length: of the ring.
            points: observed, even; `grid` is a multiple of it.
            grid: points of the solver.
            pace: Lorenz's time units in one of the field's.
            dt: time between two observations.
            substeps: inner steps in each `dt`.
        """
        check_grid("burgers", points, grid, substeps)
        check_numbers(
            "burgers", positive=dict(length=length, pace=pace, dt=dt), not_negative=dict(viscosity=viscosity),
            finite=dict(advection=advection),
        )  # fmt: skip
        self.equation = RingEquation(
            linear={2: viscosity}, advection={1: advection}, length=length, grid=grid, h=dt / substeps
        )
        check_step("burgers", abs(advection) * FAST, self.equation, dt / substeps)
        self.patterns = jnp.asarray(np.fft.rfft(push_patterns(grid)))
        self.pace = jnp.asarray(float(pace))
        self.points = points
        self.substeps = substeps
        given = {
            "viscosity": viscosity, "advection": advection, "length": length, "points": points, "grid": grid,
            "pace": pace, "dt": dt, "substeps": substeps,
        }  # fmt: skip
        facts = facts_that_hold(read_facts(__file__), given, STANDARD)
        self.card = driven_card(
            "burgers",
            summary="shocks on a ring, under a chaotic push on the longest waves",
            dt=float(dt),
            variables=ring_variables(points, SCALE),
            knobs=(drive_knob(1.0),),
            timescale=1 / known_value(facts, "leading_exponent", pace * EXPONENT),
            spinup=20.0,
            exponents=4,
            references=("10.1016/S0065-2156(08)70100-5", "10.1090/qam/42889", "10.1002/cpa.3160030302"),
            imperfect={
                **{k: v for k, v in given.items() if v != STANDARD[k]},
                "viscosity": 1.5 * viscosity or STANDARD["viscosity"],
            },
            length=float(length),
            balances=(mean_balance(SCALE),),
            limits=("Chaos is the push's: the field alone forgets its start.",),
            facts=facts,
        )
