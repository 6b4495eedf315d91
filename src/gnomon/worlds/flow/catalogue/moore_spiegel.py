"""A parcel in a star that is heated and lifted."""

from gnomon.worlds.flow.system import About, AbstractFlow


class MooreSpiegel(AbstractFlow):
    r"""A parcel of a star's gas that exchanges heat with its surroundings and is pulled back by a field.

    .. math::
        \dot x = y, \qquad \dot y = a z, \qquad \dot z = -z + \varepsilon y - y x^2 - b x

    x is the height, y its rate of change; b is the pull, epsilon the heating that destabilises the layer.

    Moore and Spiegel (1966), A thermally excited nonlinear oscillator, doi:10.1086/148562.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 10.0, "b": 4.0, "eps": 9.0},
        knob="b",
        knob_means="the pull of the field",
        start=(-3.4733266, 19.666962, -3.8262485),
        symmetries=((-1, -2, -3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, p["a"] * z, -z + (p["eps"] - x * x) * y - p["b"] * x
