"""Sprott's simplest delay equation."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.delay import AbstractDelayFlow, DelayAbout


class SprottDelay(AbstractDelayFlow):
    r"""A sine of the past: the simplest chaotic delay equation.

    .. math::
        \dot x = a \sin x_\tau, \qquad x_\tau = x(t - \tau)

    Sprott (2007), A simple chaotic delay differential equation, doi:10.1016/j.physleta.2007.01.083.
    """

    about = DelayAbout(
        parameters={"a": 1.0, "tau": 5.1},
        knob="a",
        knob_means="strength of the feedback",
        low=0.99,
        high=1.1,
        start=1.0,
        spread=0.5,
        exponents=5,
        angle=2 * math.pi,
        notes=(
            "In the source a = 1; only the product of a and tau matters, up to the unit of time.",
            "x wanders off by whole turns; it is observed as an angle.",
        ),
    )

    @staticmethod
    def rhs(x, past, p):
        """The right-hand side."""
        return p["a"] * jnp.sin(past)
