"""Van der Pol's valve under a foreign tone."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class ForcedVanDerPol(AbstractFlow):
    r"""A relaxation oscillator that a weak periodic signal tries to entrain.

    .. math::
        \dot x = y, \qquad \dot y = \mu (1 - x^2) y - x + a \sin \phi, \qquad \dot \phi = w

    van der Pol and van der Mark (1927), Frequency demultiplication, doi:10.1038/120363a0; Parlitz and Lauterborn
    (1987), Period-doubling cascades and devil's staircases of the driven van der Pol oscillator,
    doi:10.1103/PhysRevA.36.1428; these parameters: Sprott (2003), Chaos and Time-Series Analysis.
    """

    about = About(
        state=("x", "y", "phase"),
        parameters={"a": 5.0, "mu": 3.0, "w": 1.788},
        knob="a",
        knob_means="strength of the signal",
        start=(-1.5, 0.2, 0.0),
        angles={"phase": 2 * math.pi},
        notes=(
            "Chaos lives in narrow windows between locked states: a few parts in a thousand of each parameter.",
            "dysts has a = 1.2, mu = 8.53, w = 0.63, which is locked; chaos there needs w = 0.2 pi, and is weak.",
            "Symmetric under (x, y) -> (-x, -y) together with half a turn of the phase.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase = u
        return y, p["mu"] * (1 - x**2) * y - x + p["a"] * jnp.sin(phase), p["w"]
