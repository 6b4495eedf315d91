"""Zaslavskii's kicked rotor with friction."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class ZaslavskiiMap(AbstractMapWorld):
    r"""A rotor that is kicked once in a unit of time and loses speed in between.

    .. math::
        x' = x + \nu (1 + \mu y) + \epsilon \nu \mu \cos 2\pi x \pmod 1, \qquad y' = e^{-r} (y + \epsilon \cos 2\pi x),
        \qquad \mu = (1 - e^{-r}) / r

    Zaslavsky (1978), The simplest case of a strange attractor, doi:10.1016/0375-9601(78)90195-0.
    """

    about = MapAbout(
        state=(
            "x",
            "y",
        ),
        parameters={"epsilon": 0.3, "nu": 400 / 3, "r": 3.0},
        knob="epsilon",
        knob_means="strength of the kicks",
        low=0.27,
        high=0.33,
        start=(
            0.1,
            0.1,
        ),
        angles={"x": 1.0},
        notes=(
            "An iteration forgets almost two digits: a forecast of more than two or three is hopeless.",
            "The often quoted values epsilon = 5, nu = 0.2, r = 2 give a periodic orbit.",
        ),
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        x, y = u
        drag = jnp.exp(-p["r"])
        mu = (1 - drag) / p["r"]
        kick = p["epsilon"] * jnp.cos(2 * math.pi * x)
        return x + p["nu"] * (1 + mu * (y + kick)), drag * (y + kick)
