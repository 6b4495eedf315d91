"""The equation of Korteweg and de Vries on a ring: solitons, with a little friction and a chaotic push."""

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
    "steepening": 6.0, "dispersion": 1.0, "drag": 0.05, "viscosity": 0.02, "length": 32.0, "points": 64, "grid": 128,
    "pace": 0.25, "dt": 0.1, "substeps": 10,
}  # fmt: skip
SCALE = 0.379  # standard deviation of u at the standard drive; checked by validation/
FAST = 3 * SCALE  # a large u, for the check of the inner step
DRIVE = 0.1


class KortewegDeVries(AbstractDrivenRing):
    r"""Steepening against dispersion: waves that pass through each other, kept alive by a weak push.

    .. math::
        u_t + a u u_x + \delta u_{xxx} = -\mu u + \nu u_{xx} + A \sum_{i=1}^{3} w_i(t) p_i(x), \qquad u(x + L) = u(x)

    with p = cos kx, sin 2kx, cos 3kx (k = 2 pi / L) and w(t) the three variables of Lorenz's equations of 1963,
    centred, divided by their standard deviations and run at `pace` of their time units in one of ours. a
    (`steepening`, 6 as is usual) and delta (`dispersion`) make the waves, mu (`drag`) and nu (`viscosity`) take
    their energy, A (the knob `drive`) brings it.

    mu = nu = A = 0 is the equation of Korteweg and de Vries: integrable, without a climate and without chaos, so it
    cannot be a rung of the ladder by itself. It conserves the mean, <u^2>/2 and <a u^3 / 6 - delta u_x^2 / 2>: the
    truncated solver to round-off in its tendency (its products are free of aliasing), to fourth order in its
    steps. Its soliton of speed c is (3 c / a) sech^2(sqrt(c / delta) (x - ct) / 2); `numerics.exact_waves` has it
    and the periodic wave for a = 6. With friction and push, energy: d<u^2>/2 dt = -mu <u^2> - nu <u_x^2> + A <f u>.

    The imperfect twin has delta smaller by a tenth, and the standard delta where there is none: its waves are too
    narrow and too slow.

    Solved by a Fourier method with exponential time differencing of fourth order on `grid` points: the waves' own
    motion is exact.

    Korteweg and de Vries (1895), doi:10.1080/14786449508620739; Zabusky and Kruskal (1965),
    doi:10.1103/PhysRevLett.15.240; the push: Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
    """

    card: WorldCard = eqx.field(static=True)
    equation: RingEquation
    patterns: Complex[Array, "push mode"]
    pace: Float[Array, ""]
    points: int = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        steepening: float = 6.0,
        dispersion: float = 1.0,
        drag: float = 0.05,
        viscosity: float = 0.02,
        length: float = 32.0,
        points: int = 64,
        grid: int = 128,
        pace: float = 0.25,
        dt: float = 0.1,
        substeps: int = 10,
    ):
        """Make the world.

        Args:
            steepening: a, the coefficient of u u_x.
            dispersion: delta, the coefficient of u_xxx.
            drag: mu.
            viscosity: nu; 0 for both is the equation without friction.
            length: of the ring.
            points: observed, even; `grid` is a multiple of it.
            grid: points of the solver.
            pace: Lorenz's time units in one of the field's.
            dt: time between two observations.
            substeps: inner steps in each `dt`.
        """
        check_grid("korteweg_de_vries", points, grid, substeps)
        check_numbers(
            "korteweg_de_vries",
            positive=dict(length=length, pace=pace, dt=dt),
            not_negative=dict(drag=drag, viscosity=viscosity),
            finite=dict(steepening=steepening, dispersion=dispersion),
        )
        self.equation = RingEquation(
            linear={0: -drag, 2: viscosity, 3: -dispersion}, advection={1: steepening}, length=length, grid=grid,
            h=dt / substeps,
        )  # fmt: skip
        check_step("korteweg_de_vries", abs(steepening) * FAST, self.equation, dt / substeps)
        self.patterns = jnp.asarray(np.fft.rfft(push_patterns(grid)))
        self.pace = jnp.asarray(float(pace))
        self.points = points
        self.substeps = substeps
        given = {
            "steepening": steepening, "dispersion": dispersion, "drag": drag, "viscosity": viscosity, "length": length,
            "points": points, "grid": grid, "pace": pace, "dt": dt, "substeps": substeps,
        }  # fmt: skip
        facts = facts_that_hold(read_facts(__file__), given, STANDARD)
        self.card = driven_card(
            "korteweg_de_vries",
            summary="solitons on a ring with a little friction, under a weak chaotic push on the longest waves",
            dt=float(dt),
            variables=ring_variables(points, SCALE),
            knobs=(drive_knob(DRIVE),),
            timescale=1 / known_value(facts, "leading_exponent", pace * EXPONENT),
            spinup=200.0,
            exponents=12,
            references=("10.1080/14786449508620739", "10.1103/PhysRevLett.15.240"),
            imperfect={
                **{k: v for k, v in given.items() if v != STANDARD[k]},
                "dispersion": 0.9 * dispersion or STANDARD["dispersion"],
            },
            length=float(length),
            balances=(mean_balance(SCALE),),
            facts=facts,
        )
