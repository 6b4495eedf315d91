"""Quadrupole vibrations of an atomic nucleus."""

import numpy as np

from gnomon.worlds.flow.system import About, AbstractFlow


class NuclearQuadrupole(AbstractFlow):
    r"""Two vibrations of an atomic nucleus, in the classical limit of interacting quadrupole bosons.

    .. math::
        H = \tfrac{a}{2} (p_1^2 + p_2^2 + q_1^2 + q_2^2) + \tfrac{b}{\sqrt 2} (3 q_1 q_2^2 - q_1^3)
        + \tfrac{d}{4} (q_1^2 + q_2^2)^2, \qquad \dot q_i = \partial H / \partial p_i, \quad
        \dot p_i = -\partial H / \partial q_i

    Baran and Raduta (1998), International Journal of Modern Physics E 7, 527, doi:10.1142/S0218301398000282.
    """

    about = About(
        state=("q1", "q2", "p1", "p2"),
        parameters={"a": 1.0, "b": 0.55, "d": 0.4},
        knob="b",
        knob_means="how strongly the two vibrations are coupled",
        start=(-0.85591178, 1.48078342, -0.85075322, 1.63576085),
        symmetries=((1, -2, 3, -4),),
        scheme="gauss_legendre",
        conservative=True,
        notes=("Every fact is one of the energy of the start.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        q1, q2, p1, p2 = u
        a, b = p["a"], p["b"] * 3 / np.sqrt(2)
        square = p["d"] * (q1 * q1 + q2 * q2)
        return (
            a * p1,
            a * p2,
            -(a + square) * q1 + b * (q1 * q1 - q2 * q2),
            -(a + square) * q2 - 2 * b * q1 * q2,
        )

    @staticmethod
    def invariants(u, p):
        """What is conserved."""
        q1, q2, p1, p2 = u
        square = q1 * q1 + q2 * q2
        cubic = p["b"] / np.sqrt(2) * (3 * q1 * q2 * q2 - q1**3)
        return {"energy": 0.5 * p["a"] * (p1 * p1 + p2 * p2 + square) + cubic + 0.25 * p["d"] * square**2}
