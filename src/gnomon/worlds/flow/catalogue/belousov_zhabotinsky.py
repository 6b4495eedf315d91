"""Stirred bromate and malonic acid, in three variables."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class BelousovZhabotinsky(AbstractFlow):
    r"""Belousov and Zhabotinsky's stirred reaction of bromous acid, cerium and bromomalonic acid.

    .. math::
        \dot x / t_0 &= c_1 x \bar y + c_2 \bar y + c_3 x^2 + c_4 r + c_5 x z - k_f x, \\
        \dot z / t_0 &= c_6 r / z_0 + c_7 x z + c_8 z v + c_9 z - k_f z, \\
        \dot v / t_0 &= c_{10} x \bar y + c_{11} \bar y + c_{12} x^2 + c_{13} z v - k_f v, \\
        r &= (c_i - z_0 z) \sqrt{x}, \qquad \bar y = \frac{y_{b1} z v}{y_0 (y_{b2} x + y_{b3} + k_f)}

    Gyorgyi and Field (1992), A three-variable model of deterministic chaos in the Belousov-Zhabotinsky reaction,
    doi:10.1038/355808a0.
    """

    about = About(
        state=("x", "z", "v"),
        parameters={
            "c1": -8.03474, "c2": 0.05408, "c3": -0.0115886, "c4": 832.587, "c5": -0.029155, "c6": 0.00321617,
            "c7": -0.01352, "c8": -0.0831709, "c9": -0.0199985, "c10": 0.0223915, "c11": 7.53559e-05,
            "c12": 8.07384e-06, "c13": -0.000499825, "ci": 0.000833, "kf": 0.00035, "t0": 2308.62, "y0": 7.72571e-06,
            "yb1": 6.92813e-07, "yb2": 2.00869, "yb3": 0.01352, "z0": 8.33e-06,
        },
        knob="kf",
        knob_means="rate at which the reactor is flushed",
        start=(0.023491701, 0.61703254, 0.84669066),
        scheme="rosenbrock",
        notes=(
            "The constants are products of rate constants and of the concentrations in the feed, to six digits.",
            "Stiff: the fast reactions are thousands of times faster than the cycle.",
            "The root of a concentration below 1e-12 is replaced by that of 1e-12, so that its slope stays finite.",
        ),
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, z, v = u
        kf, t0, z0 = p["kf"], p["t0"], p["z0"]
        bromide = p["yb1"] * z * v / (p["y0"] * (p["yb2"] * x + p["yb3"] + kf))
        x = jnp.maximum(x, 0.0)
        rate = (p["ci"] - z0 * z) * jnp.sqrt(jnp.maximum(x, 1e-12))
        dx = (p["c1"] * x + p["c2"]) * bromide + p["c3"] * x**2 + p["c4"] * rate + (p["c5"] * z - kf) * x
        dz = p["c6"] / z0 * rate + (p["c7"] * x + p["c8"] * v + p["c9"] - kf) * z
        dv = (p["c10"] * x + p["c11"]) * bromide + p["c12"] * x**2 + (p["c13"] * z - kf) * v
        return dx * t0, dz * t0, dv * t0
