"""A ball with a tunnel: Langford's torus, broken."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Aizawa(AbstractFlow):
    r"""Rotation about an axis along which orbits climb and fall back: where a fold meets a Hopf point.

    .. math::
        \dot x = (z - b) x - d y, \qquad \dot y = d x + (z - b) y, \qquad
        \dot z = c + a z - z^3 / 3 - (x^2 + y^2)(1 + e z) + f z x^3

    Langford (1984), Numerical studies of torus bifurcations, in: Numerical Methods for Bifurcation Problems; Aizawa
    and Uezu (1982), Topological aspects in chaos and in 2^k period doubling cascade, doi:10.1143/PTP.67.982.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.95, "b": 0.7, "c": 0.6, "d": 3.5, "e": 0.25, "f": 0.1},
        knob="c",
        knob_means="constant push along the axis",
        start=(-0.78450179, -0.62887672, -0.17620268),
        notes=("The term f z x^3 breaks the rotational symmetry; without it there is a torus and no chaos.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        lift, square = z - p["b"], x**2 + y**2
        climb = p["c"] + p["a"] * z - z**3 / 3 - square * (1 + p["e"] * z) + p["f"] * z * x**3
        return lift * x - p["d"] * y, p["d"] * x + lift * y, climb
