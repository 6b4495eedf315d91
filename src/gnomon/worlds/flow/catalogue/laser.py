"""A laser model with cubic terms."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Laser(AbstractFlow):
    r"""A Lorenz-like model of a laser in which the coupling goes with the square of the third component.

    .. math::
        \dot x = a (y - x) + b y z^2, \qquad \dot y = c x + d x z^2, \qquad \dot z = h z + k x^2

    Abooee, Yaghini-Bonabi and Jahed-Motlagh (2013), Analysis and circuitry realization of a novel three-dimensional
    chaotic system, doi:10.1016/j.cnsns.2012.08.036.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 10.0, "b": 1.0, "c": 5.0, "d": -1.0, "h": -5.0, "k": -6.0},
        knob="a",
        knob_means="the rate at which x follows y",
        start=(-2.5408014, -1.9405706, -2.9680975),
        symmetries=((-1, -2, 3),),
        notes=("dysts calls it a laser; the title of the paper does not.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        square = z * z
        return (
            p["a"] * (y - x) + p["b"] * y * square,
            (p["c"] + p["d"] * square) * x,
            p["h"] * z + p["k"] * x * x,
        )
