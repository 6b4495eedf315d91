"""A mass on a moving belt, weakly forced."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class StickSlipOscillator(AbstractFlow):
    r"""A double-well oscillator rubbed by a belt and weakly forced.

    .. math::
        \dot x = v, \qquad \dot v = a x - b x^3 + \epsilon\,(\gamma \cos\theta - T), \qquad \dot\theta = w,
        \qquad T = t_0\,\mathrm{sgn}(v - v_s) - \alpha v + \beta (v - v_s)^3

    Awrejcewicz and Holicke (1999), Melnikov's method and stick-slip chaotic oscillations in very weakly forced
    mechanical systems, doi:10.1142/S0218127499000341;
    collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "v", "th"),
        parameters={
            "a": 1.0,
            "alpha": 0.3,
            "b": 1.0,
            "beta": 0.3,
            "eps": 0.05,
            "gamma": 1.0,
            "t0": 0.3,
            "vs": 0.4,
            "w": 2.0,
        },
        knob="gamma",
        knob_means="amplitude of the forcing",
        start=(0.85539847, -0.39125834, 0.0),
        smooth=False,
        angles={"th": 2 * math.pi},
        notes=(
            "As in dysts the linear term of friction has v; with the slip, v - vs, no chaos is seen here.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, v, th = u
        slip = v - p["vs"]
        friction = p["t0"] * jnp.sign(slip) - p["alpha"] * v + p["beta"] * slip**3
        pull = p["a"] * x - p["b"] * x**3
        return v, p["eps"] * (p["gamma"] * jnp.cos(th) - friction) + pull, p["w"]
