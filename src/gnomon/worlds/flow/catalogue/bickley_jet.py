"""A jet with three Rossby waves: eddies of the polar vortex."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow

TURN = 2 * math.pi
RADIUS = 6.371  # of the Earth in megametres: the waves have 2 n / RADIUS radians a megametre, at 60 degrees latitude
GOLDEN = (math.sqrt(5) - 1) / 2


class BickleyJet(AbstractFlow):
    r"""Air carried along an eastward jet on which three Rossby waves of different speeds travel.

    .. math::
        \psi = c_3 U y - U L \tanh(y / L)
        + U L \operatorname{sech}^2(y / L) \sum_{n=1}^3 \varepsilon_n \cos(k_n x + \phi_n), \qquad
        \dot x = -\partial_y \psi, \qquad \dot y = \partial_x \psi

    with k_n = 2 n / r_0, seen from the third wave: ``phi_3`` stands still, ``phi_2`` moves at k_2 (c_3 - c_2) U and
    ``phi_1`` slower by the golden mean. Lengths in megametres, time in days, c_n in units of U.

    Rypina et al. (2007), On the Lagrangian dynamics of atmospheric zonal jets and the permeability of the stratospheric
    polar vortex, doi:10.1175/JAS4036.1; Hadjighasem, Karrasch, Teramoto and Haller (2016), Spectral-clustering approach
    to Lagrangian vortex detection, doi:10.1103/PhysRevE.93.063107.
    """

    about = About(
        state=("x", "y", "phase1", "phase2"),
        parameters={
            "u": 5.413824, "ell": 1.77, "c2": 0.205, "c3": 0.461, "eps1": 0.0075, "eps2": 0.15, "eps3": 0.3,
        },
        knob="eps2",
        knob_means="amplitude of the second wave",
        start=(3.0, -3.0, 0.0, 0.0),
        angles={"x": math.pi * RADIUS, "phase1": TURN, "phase2": TURN},
        conservative=True,
        time_units="d",
        notes=(
            "dysts runs the jet westward, against its waves: all velocities have the other sign.",
            "dysts keeps the time as a component, which grows without bound: two phases replace it here.",
            "Islands of regular motion (the eddies, the core of the jet) lie in the chaotic sea.",
        ),
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase1, phase2 = u
        k = [2 * n / RADIUS for n in (1, 2, 3)]
        eps = (p["eps1"], p["eps2"], p["eps3"])
        crest = (k[0] * x + phase1, k[1] * x + phase2, k[2] * x)
        slope = jnp.tanh(y / p["ell"])
        jet = p["u"] * (1 - slope**2)
        along = sum(e * jnp.cos(c) for e, c in zip(eps, crest, strict=True))
        across = sum(e * q * jnp.sin(c) for e, q, c in zip(eps, k, crest, strict=True))
        rate = k[1] * (p["c3"] - p["c2"]) * p["u"]
        return jet * (1 + 2 * slope * along) - p["c3"] * p["u"], -p["ell"] * jet * across, GOLDEN * rate, rate
