"""Waves that modulate themselves (Rabinovich and Fabrikant)."""

from gnomon.worlds.flow.system import About, AbstractFlow


class RabinovichFabrikant(AbstractFlow):
    r"""Three modes of a wave packet that modulates itself in a medium out of equilibrium.

    .. math::
        \dot x = y (z - 1 + x^2) + \gamma x, \qquad \dot y = x (3 z + 1 - x^2) + \gamma y, \qquad
        \dot z = -2 z (\alpha + x y)

    Rabinovich and Fabrikant (1979), Stochastic self-modulation of waves in nonequilibrium media, Soviet Physics
    JETP 50, 311; see Danca, Fečkan, Kuznetsov and Chen (2016), Looking more closely at the Rabinovich-Fabrikant system,
    doi:10.1142/S0218127416500383.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.1, "g": 0.87},
        knob="g",
        knob_means="the gain",
        start=(-1.8207276, 0.83440917, 0.2078248),
        spread=0.005,
        symmetries=((-1, -2, 3),),
        notes=(
            "Attractors coexist and basins are thin; a is the alpha and g the gamma of the papers.",
            "Orbits from the start escape where a is lowered by a hundredth or g raised by two.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        square = x * x
        x_dot = y * (z - 1 + square) + p["g"] * x
        return x_dot, x * (3 * z + 1 - square) + p["g"] * y, -2 * z * (p["a"] + x * y)
