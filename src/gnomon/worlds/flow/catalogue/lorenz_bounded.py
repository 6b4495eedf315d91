"""Lorenz' system inside a sphere that nothing leaves."""

from gnomon.worlds.flow.system import About, AbstractFlow


class LorenzBounded(AbstractFlow):
    r"""Lorenz' convection, slowed down so that no orbit crosses a sphere about the origin.

    .. math::
        (\dot x, \dot y, \dot z) = \Bigl(1 - \frac{x^2 + y^2 + z^2}{r^2}\Bigr)
        \bigl(\sigma (y - x),\; \rho x - y - x z,\; x y - \beta z\bigr)

    Sprott and Xiong (2015), Classifying and quantifying basins of attraction, doi:10.1063/1.4927643.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"beta": 2.667, "r": 64.0, "rho": 28.0, "sigma": 10.0},
        knob="rho",
        knob_means="the Rayleigh number over its critical value",
        start=(-13.284881, -12.444334, 34.188198),
        symmetries=((-1, -2, 3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        pace = 1 - (x * x + y * y + z * z) / p["r"] ** 2
        x_dot, y_dot = p["sigma"] * (y - x), p["rho"] * x - y - x * z
        return pace * x_dot, pace * y_dot, pace * (x * y - p["beta"] * z)
