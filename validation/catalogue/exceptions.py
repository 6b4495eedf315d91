"""Checks that a system does not pass, and why: shown on docs/flows.md; anything else that fails is a fault."""

from validation.table import Row

ISLAND = "orbits that stay chaotic lie beside others that escape: any larger range loses some of eight orbits"
PULLEY = "the swinging mass passes the pulley ever so closely, where no fixed step keeps the energy"

# system -> beginning of the check's name -> why
EXCEPTIONS: dict[str, dict[str, str]] = {
    "henon": {
        "literature: dimension": "the published digits and ours differ by 0.0004; ours follows from the two exponents, "
        "whose sum is log 0.3 exactly",
    },
    "rucklidge": {
        "literature: exponent 1": "the book prints 0.0643 for these parameters; dysts stores 0.194, Rusyn (2019) has "
        "0.1877, and the notes of DuncDennis/esnchaos, who recomputed it, have 0.1912 and call the book's far too low",
    },
    "sprott_s": {
        "literature: dimension": "the paper prints 2.151, but its own exponents give 2.158, as here",
    },
    "pehlivan_wei": {
        "the exponent nearest to zero": "a periodic and a chaotic attractor share the standard parameters, and orbits "
        "end on either",
        "range of the knob": "as above: at most values of the knob all orbits are periodic",
    },
    "sprott_jerk": {"range of the knob": ISLAND},
    "tinkerbell": {"range of the knob": ISLAND},
    "sprott_l": {
        "range of the knob": "a window of regular orbits begins half a percent from the standard value"
    },
    "swinging_atwood": {
        "largest |sum of exponents": PULLEY,
        "largest relative drift": PULLEY,
        "range of the knob": "as above: an orbit is lost at the pulley",
    },
}


def explained(name: str, row: Row) -> str:
    """Why this check of a system is known to fail; "" where it is not."""
    return next(
        (why for start, why in EXCEPTIONS.get(name, {}).items() if row.quantity.startswith(start)), ""
    )
