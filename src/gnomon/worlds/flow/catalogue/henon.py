"""Henon's map."""

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class Henon(AbstractMapWorld):
    r"""A fold and a squeeze: the strange attractor of the plane.

    .. math::
        x' = 1 - a x^2 + y, \qquad y' = b x

    Henon (1976), A two-dimensional mapping with a strange attractor, doi:10.1007/BF01608556.
    """

    about = MapAbout(
        state=(
            "x",
            "y",
        ),
        parameters={"a": 1.4, "b": 0.3},
        knob="b",
        knob_means="how much of an area is left after one step",
        low=0.297,
        high=0.303,
        start=(
            0.1,
            0.1,
        ),
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        x, y = u
        return 1 - p["a"] * x**2 + y, p["b"] * x
