"""Chua's circuit with a diode of eleven pieces: many scrolls."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class MultiChua(AbstractFlow):
    r"""Chua's circuit whose nonlinear resistor has eleven straight pieces.

    .. math::
        \dot x = a (y - h(x)), \qquad \dot y = x - y + z, \qquad \dot z = -b y, \qquad
        h(x) = m_5 x + \tfrac12 \sum_{i=1}^5 (m_{i-1} - m_i) (|x + c_i| - |x - c_i|)

    x and y are voltages, z a current.

    Yalçın, Suykens and Vandewalle (2005), Cellular neural networks, multi-scroll chaos and synchronization,
    doi:10.1142/9789812567741.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={
            "a": 9.0,
            "b": 14.286,
            "m0": -0.14285714,
            "m1": 0.28571429,
            "m2": -0.57142857,
            "m3": 0.28571429,
            "m4": -0.57142857,
            "m5": 0.28571429,
            "c1": 1.0,
            "c2": 2.15,
            "c3": 3.6,
            "c4": 8.2,
            "c5": 13.0,
        },
        knob="a",
        knob_means="the ratio of the two capacitors",
        start=(-21.160123, 1.0322356, 27.405269),
        symmetries=((-1, -2, -3),),
        notes=("The slopes are -1/7, 2/7 and -4/7, rounded to eight digits as in dysts.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        current = p["m5"] * x
        for i in range(1, 6):
            bend, knee = p[f"m{i - 1}"] - p[f"m{i}"], p[f"c{i}"]
            current = current + 0.5 * bend * (jnp.abs(x + knee) - jnp.abs(x - knee))
        return p["a"] * (y - current), x - y + z, -p["b"] * y
