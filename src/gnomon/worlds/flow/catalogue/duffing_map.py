"""Holmes' cubic map."""

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class DuffingMap(AbstractMapWorld):
    r"""A cubic map that imitates Duffing's oscillator seen once a period.

    .. math::
        x' = y, \qquad y' = -b x + a y - y^3

    Holmes (1979), A nonlinear oscillator with a strange attractor, doi:10.1098/rsta.1979.0068.
    """

    about = MapAbout(
        state=(
            "x",
            "y",
        ),
        parameters={"a": 2.75, "b": 0.2},
        knob="b",
        knob_means="how much of the state before last is kept",
        low=0.19,
        high=0.21,
        start=(
            0.5,
            0.3,
        ),
        symmetries=(
            (
                -1,
                -2,
            ),
        ),
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        x, y = u
        return y, -p["b"] * x + p["a"] * y - y**3
