"""From the units of a file to those of the CMOR tables, and no guessing: an unknown unit is refused."""

import re
from typing import NamedTuple

from gnomon.archives.names import ACCUMULATION_HOURS, DENSITY, GRAVITY, quantity
from gnomon.spec.errors import BadData


class Conversion(NamedTuple):
    """`value * factor + offset`, in the units of the CMOR table."""

    factor: float
    offset: float = 0.0


SAME = Conversion(1.0)
_PER = re.compile(r"\s*/\s*([A-Za-z]+)(\d*)")
_POWERS = re.compile(r"\*\*|\^")

_KNOWN: dict[str, dict[str, Conversion]] = {
    "K": {
        "K": SAME, "kelvin": SAME, "degK": SAME, "degC": Conversion(1.0, 273.15), "C": Conversion(1.0, 273.15),
        "celsius": Conversion(1.0, 273.15), "degrees_celsius": Conversion(1.0, 273.15),
    },
    "m s-1": {"m s-1": SAME},
    "Pa s-1": {"Pa s-1": SAME},
    "1": {"1": SAME, "": SAME, "kg kg-1": SAME, "(0 - 1)": SAME, "g kg-1": Conversion(1e-3), "%": Conversion(1e-2)},
    "m": {"m": SAME, "gpm": SAME, "metre": SAME, "meter": SAME, "m2 s-2": Conversion(1 / GRAVITY)},
    "Pa": {"Pa": SAME, "hPa": Conversion(100.0), "mb": Conversion(100.0), "mbar": Conversion(100.0),
           "millibar": Conversion(100.0), "millibars": Conversion(100.0), "kPa": Conversion(1000.0)},
    "kg m-2 s-1": {
        "kg m-2 s-1": SAME, "mm s-1": SAME, "mm day-1": Conversion(1 / 86_400), "mm d-1": Conversion(1 / 86_400),
        "kg m-2 day-1": Conversion(1 / 86_400), "mm h-1": Conversion(1 / 3600), "mm hr-1": Conversion(1 / 3600),
        "m h-1": Conversion(DENSITY / 3600), "m hr-1": Conversion(DENSITY / 3600), "m s-1": Conversion(DENSITY),
        "m day-1": Conversion(DENSITY / 86_400), "m d-1": Conversion(DENSITY / 86_400),
    },
    "W m-2": {"W m-2": SAME},
}  # fmt: skip


def normal(units: str) -> str:
    """One spelling of a unit: "kg/m^2/s", "kg m**-2 s**-1" and "kg m-2 s-1" are the same."""
    text = _POWERS.sub("", units.strip())
    text = _PER.sub(lambda m: f" {m[1]}-{m[2] or 1}", text)
    return " ".join(text.replace("*", " ").split())


def conversion(variable: str, stored_name: str, units: str | None, *, where: str) -> Conversion:
    """How a stored array becomes the CMOR variable in its units.

    Depths of water (ERA5's `total_precipitation_6hr`, in m) are divided by the hours that the name states; a depth
    under any other name does not say over how long it was collected and is refused, as is a missing unit.

    Raises:
        BadData: for a unit that cannot become the CMOR one.
    """
    known = quantity(variable)
    if known is None:
        return SAME
    if not isinstance(units, str):
        raise BadData(
            f"{where}: {stored_name} states no units; {variable} is read in {known.units}: "
            f"write the attribute `units`"
        )
    spelled = normal(units)
    hours = ACCUMULATION_HOURS.get(stored_name)
    if hours is not None and spelled in ("m", "mm", "kg m-2"):
        return Conversion((DENSITY if spelled == "m" else 1.0) / (3600 * hours))
    found = _KNOWN[known.units].get(spelled)
    if found is None:
        raise BadData(
            f"{where}: {stored_name} is in {units!r}; {variable} needs {known.units!r} or one of "
            f"{', '.join(repr(u) for u in _KNOWN[known.units] if u)}"
        )
    return found


def level_conversion(units: str | None, largest: float, *, where: str) -> float:
    """What turns a level coordinate into hPa: by its units, or, where it has none, by its size."""
    spelled = normal(units) if isinstance(units, str) and units else None
    factor = {"Pa": 0.01, "hPa": 1.0, "mb": 1.0, "mbar": 1.0, "millibar": 1.0, "millibars": 1.0, "kPa": 10.0}
    if spelled in factor:
        return factor[spelled]
    if spelled is None or spelled == "1":
        return 0.01 if largest > 2000 else 1.0
    raise BadData(f"{where}: pressure levels in {units!r}; expected Pa or hPa")
