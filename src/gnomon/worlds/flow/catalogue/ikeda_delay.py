"""Ikeda's resonator with a continuous memory."""

import jax.numpy as jnp

from gnomon.worlds.flow.delay import AbstractDelayFlow, DelayAbout


class IkedaDelay(AbstractDelayFlow):
    r"""Light in a ring with a nonlinear medium, when the medium is slow.

    .. math::
        \dot x = \mu \sin(x_\tau - x_0) - c x, \qquad x_\tau = x(t - \tau)

    Ikeda and Matsumoto (1987), High-dimensional chaotic behavior in systems with time-delayed feedback,
    doi:10.1016/0167-2789(87)90058-3.
    """

    about = DelayAbout(
        parameters={"c": 1.0, "mu": -20.0, "tau": 2.0, "x0": 0.0},
        knob="mu",
        knob_means="strength of the light",
        low=-22.0,
        high=-18.0,
        start=1.0,
        spread=1.0,
        exponents=20,
    )

    @staticmethod
    def rhs(x, past, p):
        """The right-hand side."""
        return p["mu"] * jnp.sin(past - p["x0"]) - p["c"] * x
