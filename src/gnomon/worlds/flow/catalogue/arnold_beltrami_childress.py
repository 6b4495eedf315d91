"""Streamlines of the ABC flow."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow

TURN = 2 * math.pi


class ArnoldBeltramiChildress(AbstractFlow):
    r"""Particles carried by a steady flow of an ideal fluid whose vorticity is parallel to its velocity.

    .. math::
        \dot x = a \sin z + c \cos y, \qquad \dot y = b \sin x + a \cos z, \qquad \dot z = c \sin y + b \cos x

    Arnold (1966); Dombre, Frisch, Greene, Henon, Mehr and Soward (1986), Chaotic streamlines in the ABC flows,
    doi:10.1017/S0022112086002859.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.73205, "b": 1.41421, "c": 1.0},
        knob="c",
        knob_means="strength of the third wave; without it the flow is integrable",
        start=(0.0, 0.0, 0.0),
        angles={"x": TURN, "y": TURN, "z": TURN},
        conservative=True,
        notes=(
            "Chaos fills thin layers between tubes of regular streamlines: the exponent depends on the orbit.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        a, b, c = p["a"], p["b"], p["c"]
        return (
            a * jnp.sin(z) + c * jnp.cos(y),
            b * jnp.sin(x) + a * jnp.cos(z),
            c * jnp.sin(y) + b * jnp.cos(x),
        )
