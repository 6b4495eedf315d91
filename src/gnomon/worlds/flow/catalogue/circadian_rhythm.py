"""A clock protein under light and darkness."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class CircadianRhythm(AbstractFlow):
    r"""A gene whose protein, back in the nucleus, represses it, under light that turns transcription up.

    .. math::
        \dot m &= v_s(\phi) \frac{K_i^4}{K_i^4 + f_n^4} - \frac{v_m m}{k_m + m}, \qquad
        \dot f_c = k_s m - k_1 f_c + k_2 f_n - k f_c, \\
        \dot f_s &= k f_c - \frac{v_d f_s}{k_d + f_s}, \qquad
        \dot f_n = k_1 f_c - k_2 f_n - \frac{v_{dn} f_n}{k_{dn} + f_n}, \qquad \dot \phi = \omega, \\
        v_s &= 2.5 \left( \tfrac12 + \tfrac12 \cos \phi + v_{min} \right) (v_{max} - v_{min})

    Leloup, Gonze and Goldbeter (1999), Limit cycle models for circadian rhythms based on transcriptional regulation in
    Drosophila and Neurospora, doi:10.1177/074873099129000948; this variant is collected in Gilpin (2021),
    doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("m", "fc", "fs", "fn", "phase"),
        parameters={
            "ki": 1.0, "vm": 0.7, "km": 0.4, "ks": 1.0, "k1": 0.3, "k2": 0.15, "k": 0.5, "vd": 6.0, "kd": 1.4,
            "vdn": 1.5, "kdn": 0.4, "vmin": 1.0, "vmax": 4.7, "omega": 2 * math.pi / 24,
        },
        knob="vmax",
        knob_means="rate of transcription in full light",
        start=(1.5401187, 5.3707921, 41.054266, 11.619073, -0.3127),
        angles={"phase": 2 * math.pi},
        time_units="h",
        notes=(
            "Not chaotic at these parameters: no positive exponent was seen; apparently a torus.",
            "The light enters in the form of dysts, whose brackets and factor 2.5 could not be traced to the source.",
        ),
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        m, fc, fs, fn, phase = u
        light = 2.5 * (0.5 + 0.5 * jnp.cos(phase) + p["vmin"]) * (p["vmax"] - p["vmin"])
        ki4 = p["ki"] ** 4
        moved = p["k1"] * fc - p["k2"] * fn
        return (
            light * ki4 / (ki4 + fn**4) - p["vm"] * m / (p["km"] + m),
            p["ks"] * m - moved - p["k"] * fc,
            p["k"] * fc - p["vd"] * fs / (p["kd"] + fs),
            moved - p["vdn"] * fn / (p["kdn"] + fn),
            p["omega"],
        )
