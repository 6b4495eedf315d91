"""Sprott's simplest dissipative chaos."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottJerk(AbstractFlow):
    r"""A third derivative with one damping term and one square: five terms in all.

    .. math::
        \dot x = y, \qquad \dot y = z, \qquad \dot z = -x + a y^2 - \mu z

    Sprott (1997), Simplest dissipative chaotic flow, doi:10.1016/S0375-9601(97)00088-1.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.0, "mu": 2.017},
        knob="a",
        knob_means="strength of the square",
        start=(-0.54106056, 0.59383201, 0.45127217),
        spread=0.005,
        notes=(
            "In the source a = 1; another value only rescales the state by 1 / a.",
            "Chaotic for mu within about 2.017 to 2.058 only, with a thin basin: mu is no knob for a wide range.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, z, -x + p["a"] * y**2 - p["mu"] * z
