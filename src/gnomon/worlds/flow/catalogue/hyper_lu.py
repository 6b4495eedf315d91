"""Hyperchaos from Lü and Chen's system by feedback of the state."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperLu(AbstractFlow):
    r"""Lü and Chen's system with a fourth component as feedback on the first.

    .. math::
        \dot x = a (y - x) + w, \qquad \dot y = c y - x z, \qquad \dot z = x y - b z, \qquad \dot w = x z + d w

    Chen, Lu, Lü and Yu (2006), Generating hyperchaotic Lü attractor via state feedback control,
    doi:10.1016/j.physa.2005.09.039.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 36.0, "b": 3.0, "c": 20.0, "d": 1.0},
        knob="c",
        knob_means="the growth rate of y",
        start=(8.11348619, 10.55664382, 18.44590719, -28.38151717),
        symmetries=((-1, -2, 3, -4),),
        notes=(
            "At d = 1.3, the value of dysts, one orbit in five escapes within a thousand periods; d = 1 is used here.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        return p["a"] * (y - x) + w, p["c"] * y - x * z, x * y - p["b"] * z, x * z + p["d"] * w
