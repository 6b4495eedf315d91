"""Chay's bursting cell."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class ExcitableCell(AbstractFlow):
    r"""A membrane with one inward current and potassium gates opened by voltage and by calcium.

    .. math::
        \dot v &= g_i m_\infty^3 h_\infty (v_i - v) + g_{kv} n^4 (v_k - v) + g_{kc} \frac{c}{1 + c} (v_k - v)
        + g_l (v_l - v), \\
        \dot n &= s \left( \alpha_n (1 - n) - \beta_n n \right), \qquad
        \dot c = \rho \left( m_\infty^3 h_\infty (v_c - v) - k_c c \right)

    with Hodgkin and Huxley's rates shifted by 50 mV (m, h) and 30 mV (n), m and h at rest: voltage v in mV, open
    gates n, calcium c, time in seconds.

    Chay (1985), Chaos in a three-variable model of an excitable cell, doi:10.1016/0167-2789(85)90060-0.
    """

    about = About(
        state=("v", "n", "c"),
        parameters={
            "gi": 1800.0, "gkv": 1700.0, "gkc": 11.0, "gl": 7.0, "vi": 100.0, "vk": -75.0, "vl": -40.0, "vc": 100.0,
            "kc": 0.183333, "rho": 0.27, "speed": 230.0,
        },
        knob="gkc",
        knob_means="conductance of the potassium gates that calcium opens",
        start=(-44.57779976420271, 0.13121643614884418, 0.4658533583951385),
        time_units="s",
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        v, n, c = u
        open_m = _rectifier(0.1 * (v + 25))
        m = open_m / (open_m + 4 * jnp.exp(-(v + 50) / 18))
        open_h = 0.07 * jnp.exp(-0.05 * (v + 50))
        h = open_h / (open_h + 1 / (1 + jnp.exp(-0.1 * (v + 20))))
        open_n, shut_n = 0.1 * _rectifier(0.1 * (v + 20)), 0.125 * jnp.exp(-(v + 30) / 80)
        inward = m**3 * h
        potassium = p["gkv"] * n**4 + p["gkc"] * c / (1 + c)
        return (
            p["gi"] * inward * (p["vi"] - v) + potassium * (p["vk"] - v) + p["gl"] * (p["vl"] - v),
            p["speed"] * (open_n * (1 - n) - shut_n * n),
            p["rho"] * (inward * (p["vc"] - v) - p["kc"] * c),
        )


def _rectifier(x):
    """The quotient of x and 1 - exp(-x), by its series where the quotient is 0 / 0."""
    small = jnp.abs(x) < 1e-4
    safe = jnp.where(small, 1.0, x)
    return jnp.where(small, 1 + x / 2 + x**2 / 12, safe / -jnp.expm1(-safe))
