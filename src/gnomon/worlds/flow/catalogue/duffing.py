"""A shaken beam with two rest positions."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class Duffing(AbstractFlow):
    r"""A damped particle in a double well that is pushed periodically.

    .. math::
        \dot x = y, \qquad \dot y = -\delta y - \beta x - \alpha x^3 + \gamma \cos \phi, \qquad \dot \phi = \omega

    Duffing (1918), Erzwungene Schwingungen bei veraenderlicher Eigenfrequenz; Guckenheimer and Holmes (1983), Nonlinear
    Oscillations, Dynamical Systems, and Bifurcations of Vector Fields, doi:10.1007/978-1-4612-1140-2.
    """

    about = About(
        state=("x", "y", "phase"),
        parameters={"alpha": 1.0, "beta": -1.0, "delta": 0.1, "gamma": 0.35, "omega": 1.4},
        knob="gamma",
        knob_means="strength of the driving",
        start=(-1.1635382, -0.5092374, 0.0),
        angles={"phase": 2 * math.pi},
        notes=("Symmetric under (x, y) -> (-x, -y) together with half a turn of the phase.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase = u
        force = p["gamma"] * jnp.cos(phase) - p["delta"] * y - p["beta"] * x - p["alpha"] * x**3
        return y, force, p["omega"]
