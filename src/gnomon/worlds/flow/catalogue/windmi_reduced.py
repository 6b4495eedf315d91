"""The magnetosphere loaded by the solar wind."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class WindmiReduced(AbstractFlow):
    r"""Substorms: solar wind loads a current, a voltage and a pressure that unload in bursts.

    .. math::
        \dot I = a_1 (v_{sw} - V), \qquad \dot V = b_1 I - b_2 \sqrt{P} - b_3 V,
        \qquad \dot P = v_{sw}^2 - P^{5/4}\,\sqrt{v_{sw}}\,(1 + \tanh d_1 (I - 1)) / 2

    Here I is the current, V the voltage and P the pressure of the plasma sheet.

    Horton, Weigel and Sprott (2001), Chaos and the limits of predictability for the solar-wind-driven
    magnetosphere-ionosphere system, doi:10.1063/1.1371522.
    """

    about = About(
        state=("i", "v", "p"),
        parameters={"a1": 0.247, "b1": 10.8, "b2": 0.0752, "b3": 1.06, "d1": 2200.0, "vsw": 5.6},
        knob="vsw",
        knob_means="voltage of the solar wind",
        start=(0.988898736, 5.58537094, 4052.88754),
        notes=(
            "The source has vsw = 5, where a periodic orbit is found here; at 5.6 there is chaos.",
            "dysts has half the pressure where the source has its square root (p**1 / 2 for p**(1 / 2)).",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        current, voltage, pressure = u
        unloads = (1 + jnp.tanh(p["d1"] * (current - 1))) / 2
        return (
            p["a1"] * (p["vsw"] - voltage),
            p["b1"] * current - p["b2"] * jnp.sqrt(pressure) - p["b3"] * voltage,
            p["vsw"] ** 2 - pressure**1.25 * jnp.sqrt(p["vsw"]) * unloads,
        )
