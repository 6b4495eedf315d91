"""Atwood's machine, one weight of which swings."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class SwingingAtwood(AbstractFlow):
    r"""Atwood's machine whose lighter weight may swing in a plane.

    .. math::
        \dot r &= \frac{p_r}{m_1 + m_2}, \qquad \dot\theta = \frac{p_\theta}{m_1 r^2} \\
        \dot p_r &= \frac{p_\theta^2}{m_1 r^3} - m_2 g + m_1 g \cos\theta, \qquad \dot p_\theta = -m_1 g r \sin\theta

    Here r is the length of the swinging weight m1 on its string and theta its angle; m2 only moves up and down.

    Tufillaro, Abbott and Griffiths (1984), Swinging Atwood's machine, doi:10.1119/1.13791.
    """

    about = About(
        state=("r", "th", "pr", "pth"),
        parameters={"g": 9.82, "m1": 1.0, "m2": 4.5},
        knob="m2",
        knob_means="mass of the counterweight",
        start=(0.113296, 1.5707963267948966, 0.10992, 0.17747),
        conservative=True,
        scheme="gauss_legendre",
        spread=0.002,
        time_units="s",
        angles={"th": 2 * math.pi},
        symmetries=((1, -2, 3, -4),),
        notes=(
            "There is no attractor: every fact holds for the orbits of the declared start, most of all for its energy.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        r, th, pr, pth = u
        pull = p["m1"] * jnp.cos(th) - p["m2"]
        turning = pth / (p["m1"] * r**2)
        return (
            pr / (p["m1"] + p["m2"]),
            turning,
            pth * turning / r + p["g"] * pull,
            -p["m1"] * p["g"] * r * jnp.sin(th),
        )

    @staticmethod
    def invariants(u, p):
        """The energy."""
        r, th, pr, pth = u
        moving = pr**2 / (2 * (p["m1"] + p["m2"])) + pth**2 / (2 * p["m1"] * r**2)
        return {"energy": moving + p["g"] * r * (p["m2"] - p["m1"] * jnp.cos(th))}
