"""Two scrolls from a saturating switch."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class SanUmSrisuchinwong(AbstractFlow):
    r"""A two-scroll attractor with a saturating and a folding nonlinearity.

    .. math::
        \dot x = y - x, \qquad \dot y = -z \tanh x, \qquad \dot z = -a + x y + b |y|

    San-Um and Srisuchinwong (2012), Highly complex chaotic system with piecewise linear nonlinearity and compound
    structures, doi:10.4304/jcp.7.4.1041-1047; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 2.0, "b": 1.0},
        knob="a",
        knob_means="constant drain of z",
        start=(0.63878078, 1.0901873, 2.4479814),
        symmetries=((-1, -2, 3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y - x, -z * jnp.tanh(x), -p["a"] + x * y + p["b"] * jnp.abs(y)
