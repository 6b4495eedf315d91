"""Two wings from a hyperbolic cosine."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class YuWang2(AbstractFlow):
    r"""A Lorenz-like flow whose product is replaced by a hyperbolic cosine.

    .. math::
        \dot x = a (y - x), \qquad \dot y = b x - c x z, \qquad \dot z = \cosh x y - d z

    Yu and Wang (2012), A novel three dimension autonomous chaotic system with a quadratic exponential nonlinear term,
    Engineering, Technology and Applied Science Research 2; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 10.0, "b": 30.0, "c": 2.0, "d": 2.5},
        knob="b",
        knob_means="how strongly x drives y",
        start=(0.12581483, 1.2467348, 18.358568),
        symmetries=((-1, -2, 3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * (y - x), p["b"] * x - p["c"] * x * z, jnp.cosh(x * y) - p["d"] * z
