"""The Tinkerbell map."""

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class Tinkerbell(AbstractMapWorld):
    r"""A quadratic map of the complex plane with an added shear.

    .. math::
        x' = x^2 - y^2 + a x + b y, \qquad y' = 2 x y + c x + d y

    Nusse and Yorke (1994), Dynamics: Numerical Explorations, doi:10.1007/978-1-4684-0231-5.
    """

    about = MapAbout(
        state=(
            "x",
            "y",
        ),
        parameters={"a": 0.9, "b": -0.6013, "c": 2.0, "d": 0.5},
        knob="a",
        knob_means="growth rate of x",
        low=0.89,
        high=0.9,
        start=(
            -0.72,
            -0.64,
        ),
        spread=0.002,
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        x, y = u
        return x**2 - y**2 + p["a"] * x + p["b"] * y, 2 * x * y + p["c"] * x + p["d"] * y
