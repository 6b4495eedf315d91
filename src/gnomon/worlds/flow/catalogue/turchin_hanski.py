"""Voles, weasels and the seasons."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class TurchinHanski(AbstractFlow):
    r"""Voles with seasonal growth, general predators, and weasels that eat nothing else.

    .. math::
        \dot n &= r (1 - e \sin z)\,n - r n^2 - \frac{g n^2}{n^2 + h^2} - \frac{a n p}{n + d} \\
        \dot p &= s (1 - e \sin z)\,p - \frac{s p^2}{n}, \qquad \dot z = w

    Here n are the voles, p the weasels, both over their capacities, and z the season.

    Turchin and Hanski (1997), An empirically based model for latitudinal gradient in vole population dynamics,
    doi:10.1086/286027.
    """

    about = About(
        state=("n", "p", "z"),
        parameters={
            "a": 8.0,
            "d": 0.04,
            "e": 0.5,
            "g": 0.1,
            "h": 0.8,
            "r": 8.12,
            "s": 1.25,
            "w": 2 * math.pi,
        },
        knob="r",
        knob_means="growth rate of the voles",
        start=(0.018027788, 0.013649976, 3.498595708237872),
        time_units="year",
        angles={"z": 2 * math.pi},
        notes=("As in dysts, r is raised above the value of the source, where the oscillations decay.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        prey, weasels, season = u
        growth = 1 - p["e"] * jnp.sin(season)
        eaten = p["g"] * prey**2 / (prey**2 + p["h"] ** 2) + p["a"] * prey * weasels / (prey + p["d"])
        return (
            p["r"] * prey * (growth - prey) - eaten,
            p["s"] * weasels * (growth - weasels / prey),
            p["w"],
        )
