"""Chen's double scroll, dual to that of Lorenz."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Chen(AbstractFlow):
    r"""The Lorenz equations with feedback that makes a calm state chaotic.

    .. math::
        \dot x = a (y - x), \qquad \dot y = (c - a) x - x z + c y, \qquad \dot z = x y - b z

    Chen and Ueta (1999), Yet another chaotic attractor, doi:10.1142/S0218127499001024.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 35.0, "b": 3.0, "c": 28.0},
        knob="c",
        knob_means="gain of the feedback",
        start=(3.2689697, 5.2990458, 19.435349),
        symmetries=((-1, -2, 3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        a, c = p["a"], p["c"]
        return a * (y - x), (c - a) * x - x * z + c * y, x * y - p["b"] * z
