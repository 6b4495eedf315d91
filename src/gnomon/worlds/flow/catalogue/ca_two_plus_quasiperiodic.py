"""Calcium in a cell, drumming at two rates."""

from gnomon.worlds.flow.system import About, AbstractFlow


class CaTwoPlusQuasiperiodic(AbstractFlow):
    r"""Calcium in the cytosol and in a store, and the messenger that opens the store, on a torus.

    .. math::
        \dot z &= v_0 + v_1 \beta - V_2 + V_3 + k_f y - k z, \qquad
        \dot y = V_2 - V_3 - k_f y, \qquad \dot a = \beta v_4 - V_5 - \varepsilon a, \\
        V_2 &= v_{m2} \frac{z^2}{k_2^2 + z^2}, \quad
        V_3 = v_{m3} \frac{z^2}{k_z^2 + z^2} \frac{y^2}{k_y^2 + y^2} \frac{a^4}{k_a^4 + a^4}, \quad
        V_5 = v_{m5} \frac{a^2}{k_5^2 + a^2} \frac{z^4}{k_d^4 + z^4}

    Houart, Dupont and Goldbeter (1999), Bursting, chaos and birhythmicity originating from self-modulation of the
    inositol 1,4,5-trisphosphate signal in a model for intracellular Ca2+ oscillations, doi:10.1006/bulm.1999.0095.
    """

    about = About(
        state=("z", "y", "a"),
        parameters={
            "v0": 2.0, "v1": 2.0, "beta": 0.51, "vm2": 6.0, "k2": 0.1, "vm3": 20.0, "kz": 0.5, "ky": 0.2, "ka": 0.2,
            "kf": 1.0, "k": 10.0, "v4": 5.0, "vm5": 30.0, "k5": 0.3, "kd": 0.5, "eps": 0.1,
        },
        knob="beta",
        knob_means="how strongly the cell is stimulated",
        start=(0.26321067, 0.87886607, 0.3148781),
        notes=("Not chaotic, as its name says: two incommensurate rhythms, a torus, and no positive exponent.",),
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side; that of `ca_two_plus` but for the exponent with which the messenger is removed."""
        z, y, a = u
        stored = p["vm2"] * z**2 / (p["k2"] ** 2 + z**2)
        by_z, by_y, by_a = (
            z**2 / (p["kz"] ** 2 + z**2),
            y**2 / (p["ky"] ** 2 + y**2),
            a**4 / (p["ka"] ** 4 + a**4),
        )
        released = p["vm3"] * by_z * by_y * by_a + p["kf"] * y
        removed = p["vm5"] * a**2 / (p["k5"] ** 2 + a**2) * z**4 / (p["kd"] ** 4 + z**4)
        return (
            p["v0"] + p["v1"] * p["beta"] - stored + released - p["k"] * z,
            stored - released,
            p["beta"] * p["v4"] - removed - p["eps"] * a,
        )
