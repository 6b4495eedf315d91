"""A flow with a switch and a nearly three-dimensional attractor."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottMore(AbstractFlow):
    r"""An oscillation that is damped or fed by the sign of a third component.

    .. math::
        \dot x = y, \qquad \dot y = -x - b\,\mathrm{sgn}(z)\,y, \qquad \dot z = y^2 - a e^{-x^2}

    Sprott (2020), Do we need more chaos examples?, Chaos Theory and Applications 2;
    collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.0, "b": 1.0},
        knob="a",
        knob_means="strength of the drain of z near x = 0",
        start=(-1.3396906, -0.21238338, 0.32982163),
        smooth=False,
        symmetries=((-1, -2, 3),),
        notes=("In the source a = b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, -x - p["b"] * jnp.sign(z) * y, y**2 - p["a"] * jnp.exp(-(x**2))
