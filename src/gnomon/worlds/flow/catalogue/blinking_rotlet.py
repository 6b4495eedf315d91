"""Honey stirred by two rods that turn by turns."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow

PERIOD = 3.0


class BlinkingRotlet(AbstractFlow):
    r"""Particles in a round dish of creeping fluid stirred by two thin rods, one after the other.

    .. math::
        \psi_\pm = \tfrac12 \ln \frac{\zeta_\pm}{\kappa_\pm} + \frac{\gamma}{2 \kappa_\pm}, \qquad
        \dot x = \sigma \partial_y \psi, \qquad \dot y = -\sigma \partial_x \psi, \qquad
        \psi = w \psi_+ + (1 - w) \psi_-

    where r^2 = x^2 + y^2, zeta = (x -+ b)^2 + y^2 + core^2, kappa = a^2 + b^2 r^2 / a^2 -+ 2 b x + core^2 and
    gamma = (1 - r^2 / a^2)(a^2 - b^2 r^2 / a^2); the weight w = 1/2 + 1/2 tanh(sharpness sin(2 pi phase / 3)) turns one
    rod off and the other on. Fluid sticks to the wall r = a.

    Meleshko and Aref (1996), A blinking rotlet model for chaotic advection, Physics of Fluids 8, 3215; collected in
    Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "phase"),
        parameters={
            "sigma": 1.0,
            "a": 1.0,
            "b": 0.5298833894399929,
            "core": 0.1,
            "sharpness": 20.0,
            "rate": 1.0,
        },
        knob="sigma",
        knob_means="strength of the stirring",
        start=(0.08, 0.02, 0.0),
        angles={"phase": PERIOD},
        conservative=True,
        notes=(
            "Cartesian: polar coordinates, as in dysts, are singular at the centre.",
            "Rods have a finite core and take turns within a fiftieth of a period, so that a fixed step can follow.",
            "The original is the limit of core 0 and infinite sharpness; dysts has core 0, sharpness 60.",
            "The flow turns the other way round than in dysts, a mirror image: sigma is -1 there.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase = u
        a, b, core = p["a"], p["b"], p["core"]
        ratio = (b / a) ** 2
        square = x**2 + y**2
        wall = 1 - square / a**2
        gamma = wall * (a**2 - ratio * square)
        fall = -2 / a**2 * (a**2 - ratio * square) - 2 * ratio * wall  # of gamma, over x and over y

        def flow(at):
            near = (x - at) ** 2 + y**2 + core**2
            image = a**2 + ratio * square - 2 * at * x + core**2
            pull = (0.5 + 0.5 * gamma / image) / image
            psi_x = (x - at) / near - pull * 2 * (ratio * x - at) + 0.5 * fall * x / image
            psi_y = y / near - pull * 2 * ratio * y + 0.5 * fall * y / image
            return psi_y, -psi_x

        on = 0.5 + 0.5 * jnp.tanh(p["sharpness"] * jnp.sin(2 * jnp.pi * phase / PERIOD))
        (dx, dy), (ex, ey) = flow(b), flow(-b)
        sigma = p["sigma"]
        return sigma * (on * dx + (1 - on) * ex), sigma * (on * dy + (1 - on) * ey), p["rate"]
