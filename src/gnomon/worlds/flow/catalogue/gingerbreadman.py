"""Devaney's gingerbread man."""

import jax.numpy as jnp

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class Gingerbreadman(AbstractMapWorld):
    r"""A fold along one line that keeps areas: chaos around six islands.

    .. math::
        x' = a - y + b |x|, \qquad y' = x

    Devaney (1984), A piecewise linear model for the zones of instability of an area-preserving map,
    doi:10.1016/0167-2789(84)90187-8.
    """

    about = MapAbout(
        state=(
            "x",
            "y",
        ),
        parameters={"a": 1.0, "b": 1.0},
        knob="a",
        knob_means="the constant; it sets the size of everything",
        low=0.95,
        high=1.05,
        start=(
            0.5,
            3.7,
        ),
        conservative=True,
        spread=0.002,
        notes=(
            "In the source a = b = 1.",
            "Areas are kept, so there is no attractor: every fact is that of the orbits of the start.",
            "Islands are many: where an orbit belongs depends on its start.",
        ),
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        x, y = u
        return p["a"] - y + p["b"] * jnp.abs(x), x
