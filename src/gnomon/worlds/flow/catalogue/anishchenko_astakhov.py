"""A radio generator with inertial feedback."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class AnishchenkoAstakhov(AbstractFlow):
    r"""A self-exciting oscillator whose gain is turned down by a slow filter of its own half-wave.

    .. math::
        \dot x = (\mu - z) x + y, \qquad \dot y = -x, \qquad \dot z = \eta \left( \max(x, 0)^2 - z \right)

    Anishchenko, Astakhov, Neiman, Vadivasova and Schimansky-Geier (2007), Nonlinear Dynamics of Chaotic and Stochastic
    Systems, doi:10.1007/978-3-540-38168-6.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"mu": 1.2, "eta": 0.5},
        knob="mu",
        knob_means="excitation of the generator",
        start=(3.6225814, 3.3226339, 1.9973142),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return (p["mu"] - z) * x + y, -x, p["eta"] * (jnp.maximum(x, 0.0) ** 2 - z)
