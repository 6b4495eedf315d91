"""Published numbers, against which the catalogue's are held."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from gnomon.spec.cards import Fact
from validation.table import Row


class Quoted(NamedTuple):
    """A published number as printed: half of its last digit is its rounding error."""

    quantity: str
    value: str
    source: str
    unit: float = 1.0  # of the printed value, in ours
    confirmed: str = ""  # where somebody quotes it from the source; "" where it is only remembered


SPROTT94 = "Sprott (1994) doi:10.1103/PhysRevE.50.R647"
SPROTT03 = "Sprott (2003) doi:10.1093/oso/9780198508397.001.0001"
WOLF85 = "Wolf et al. (1985) doi:10.1016/0167-2789(85)90011-9, in bits"

# Neither the papers nor the book could be opened here. Each value was looked up in works that quote them:
# registro_sistemas_wang2021_seed.md of Xerkkun/Toolbox-chaos, which copies the table of the 1994 paper from
WANG21 = (
    "Wang, Kuznetsov and Chen (2021) doi:10.1007/978-3-030-75821-9, as transcribed in Xerkkun/Toolbox-chaos"
)
# python/sprott_systems.py: "every equation, parameter and initial condition was read against the printed appendix"
QUARC = "Quantitative-Analysis-Research-Core/quarc-nonlinear, which went through the book's appendix A"
# simulations.py of its authors: exponents, dimension, parameters and start, "literature values (Sprott 2003)"
RESCOMP = "the docstrings of a reservoir-computing library (simulations.py, kin of DuncDennis/rescomp)"
WIKIPEDIA = "Wikipedia, Rabinovich-Fabrikant equations, which cites the book"
# "roughly (0.11, 0.02, 0, -25) (Wolf et al. 1985)" in 1/s; of numbers with two decimals in bits only these round so
QUOTED85 = "a public RosslerHyperchaosConfig, which quotes (0.11, 0.02, 0, -25) in natural units"

LOG2 = math.log(2)


def _three(source: str, first: str, third: str, dimension: str, confirmed: str) -> tuple[Quoted, ...]:
    return (
        Quoted("exponent 1", first, source, confirmed=confirmed),
        Quoted("exponent 3", third, source, confirmed=confirmed),
        Quoted("dimension", dimension, source, confirmed=confirmed),
    )


def _sprott(letter: str, first: str, third: str, dimension: str) -> tuple[Quoted, ...]:
    return tuple(
        q._replace(confirmed="") if (letter, q.quantity) in NOT_FOUND else q
        for q in _three(SPROTT94, first, third, dimension, WANG21)
    )


# The copy prints -0.163 for case C, whose exponents add up to -1, and 0.012 for the dimension of case I.
NOT_FOUND = {("c", "exponent 3"), ("i", "dimension")}

# Case A of Sprott (1994) is conservative: its exponent depends on the orbit and is not compared; nor are the
# conservative systems of the book's appendix, and those whose standard parameters differ from its own.
TABLE: dict[str, tuple[Quoted, ...]] = {
    "sprott_b": _sprott("b", "0.210", "-1.210", "2.174"),
    "sprott_c": _sprott("c", "0.163", "-1.163", "2.140"),
    "sprott_d": _sprott("d", "0.103", "-1.320", "2.078"),
    "sprott_e": _sprott("e", "0.078", "-1.078", "2.072"),
    "sprott_f": _sprott("f", "0.117", "-0.617", "2.190"),
    "sprott_g": _sprott("g", "0.034", "-0.634", "2.054"),
    "sprott_h": _sprott("h", "0.117", "-0.617", "2.190"),
    "sprott_i": _sprott("i", "0.012", "-1.012", "2.012"),
    "sprott_j": _sprott("j", "0.076", "-2.076", "2.037"),
    "sprott_k": _sprott("k", "0.038", "-0.890", "2.042"),
    "sprott_l": _sprott("l", "0.061", "-1.061", "2.057"),
    "sprott_m": _sprott("m", "0.044", "-1.044", "2.042"),
    "sprott_n": _sprott("n", "0.076", "-2.076", "2.037"),
    "sprott_o": _sprott("o", "0.049", "-0.319", "2.154"),
    "sprott_p": _sprott("p", "0.087", "-0.481", "2.181"),
    "sprott_q": _sprott("q", "0.109", "-0.609", "2.179"),
    "sprott_r": _sprott("r", "0.062", "-1.062", "2.058"),
    "sprott_s": _sprott("s", "0.188", "-1.188", "2.151"),
    "rossler": _three(SPROTT03, "0.0714", "-5.3943", "2.0132", RESCOMP),
    "chen": _three(SPROTT03, "2.0272", "-12.0272", "2.1686", RESCOMP),
    "rabinovich_fabrikant": _three(SPROTT03, "0.1981", "-0.6581", "2.3010", WIKIPEDIA),
    "sprott_jerk": _three(SPROTT03, "0.0551", "-2.0721", "2.0266", RESCOMP),
    "ueda": _three(SPROTT03, "0.1034", "-0.1534", "2.6741", RESCOMP),
    "hyper_rossler": (
        Quoted("exponent 1", "0.16", WOLF85, LOG2, QUOTED85),
        Quoted("exponent 2", "0.03", WOLF85, LOG2, QUOTED85),
    ),
    "henon": (
        Quoted("exponent 1", "0.41922", SPROTT03, confirmed=RESCOMP),
        Quoted("exponent 2", "-1.62319", SPROTT03, confirmed=RESCOMP),
        Quoted("dimension", "1.25827", SPROTT03, confirmed=RESCOMP),
    ),
    "gingerbreadman": (Quoted("exponent 1", "0.07339", SPROTT03, confirmed=QUARC),),
    "burke_shaw": (
        Quoted("exponent 1", "2.2499", SPROTT03, confirmed=QUARC),
        Quoted("exponent 3", "-13.2499", SPROTT03, confirmed=QUARC),
    ),
    "forced_van_der_pol": (Quoted("exponent 1", "0.1933", SPROTT03, confirmed=QUARC),),
    "ikeda_map": (Quoted("exponent 1", "0.50760", SPROTT03, confirmed=QUARC),),
    "circle_map": (Quoted("exponent 1", "0.353863", SPROTT03, confirmed=QUARC),),
    # its third exponent, -3.0643, and dimension, 2.0210, follow from the first: the sum is -3
    "rucklidge": (Quoted("exponent 1", "0.0643", SPROTT03, confirmed=RESCOMP),),
}


PREFIX = "literature: "
FACTS = {"dimension": "kaplan_yorke_dimension", "exponent 1": "leading_exponent"}


def rounding(quoted: str) -> float:
    """Half a unit of the last printed digit."""
    return 0.5 * 10.0 ** -len(quoted.partition(".")[2])


def literature_rows(name: str, facts: Iterable[Fact]) -> list[Row]:
    """One row a published number: within two standard errors plus half its last digit; a missing fact fails."""
    known = {fact.name: (fact.value, fact.error or 0.0) for fact in facts if not fact.at}
    rows = []
    for quoted in TABLE.get(name, ()):
        pair = known.get(FACTS.get(quoted.quantity, quoted.quantity.replace(" ", "_")))
        value, error = (float("nan"),) * 2 if pair is None else (float(x) / quoted.unit for x in pair)
        room = 2 * error + rounding(quoted.value)
        rows.append(
            Row(
                f"{PREFIX}{quoted.quantity}", value, error, quoted.value, quoted.source,
                "within 2 errors + half a digit", abs(value - float(quoted.value)) <= room,
            )
        )  # fmt: skip
    return rows


def unconfirmed() -> list[str]:
    """The published numbers that were found nowhere but in memory."""
    return [f"{name} {q.quantity}" for name, quoted in TABLE.items() for q in quoted if not q.confirmed]
