"""What variables are called, in which units, and how other catalogues call them.

The names are those of CMIP (CMOR tables); the aliases are those of ERA5 as WeatherBench 2 and ARCO-ERA5 store it.
"""

import re
from typing import NamedTuple

GRAVITY = 9.80665  # m s-2, the standard value that turns geopotential into geopotential height
DENSITY = 1000.0  # kg m-3 of liquid water: a depth of precipitation in m becomes kg m-2


class Quantity(NamedTuple):
    """One variable of the CMOR tables.

    Attributes:
        units: that arrays are handed out in.
        standard_name: of the CF table.
        levels: whether it has one value a pressure level.
        low: no area mean over the globe of an honest atmosphere at any level is below it, in `units`.
        high: nor above it.
    """

    units: str
    standard_name: str
    levels: bool
    low: float
    high: float


QUANTITIES: dict[str, Quantity] = {
    "ta": Quantity("K", "air_temperature", True, 170.0, 320.0),
    "ua": Quantity("m s-1", "eastward_wind", True, -60.0, 90.0),
    "va": Quantity("m s-1", "northward_wind", True, -20.0, 20.0),
    "wap": Quantity("Pa s-1", "lagrangian_tendency_of_air_pressure", True, -1.0, 1.0),
    "hus": Quantity("1", "specific_humidity", True, -1e-4, 0.04),
    "zg": Quantity("m", "geopotential_height", True, -600.0, 50_000.0),
    "ps": Quantity("Pa", "surface_air_pressure", False, 90_000.0, 103_000.0),
    "psl": Quantity("Pa", "air_pressure_at_mean_sea_level", False, 97_000.0, 105_000.0),
    "tas": Quantity("K", "air_temperature", False, 240.0, 320.0),
    "tdas": Quantity("K", "dew_point_temperature", False, 230.0, 315.0),
    "ts": Quantity("K", "surface_temperature", False, 240.0, 325.0),
    "tos": Quantity("K", "sea_surface_temperature", False, 265.0, 315.0),
    "huss": Quantity("1", "specific_humidity", False, -1e-4, 0.03),
    "uas": Quantity("m s-1", "eastward_wind", False, -20.0, 20.0),
    "vas": Quantity("m s-1", "northward_wind", False, -20.0, 20.0),
    "pr": Quantity("kg m-2 s-1", "precipitation_flux", False, 0.5e-5, 2e-4),
    "evspsbl": Quantity("kg m-2 s-1", "water_evapotranspiration_flux", False, 0.5e-5, 2e-4),
    "rtmt": Quantity("W m-2", "net_downward_radiative_flux_at_top_of_atmosphere_model", False, -80.0, 80.0),
    "rlut": Quantity("W m-2", "toa_outgoing_longwave_flux", False, 150.0, 350.0),
    "rsdt": Quantity("W m-2", "toa_incoming_shortwave_flux", False, 200.0, 500.0),
    "rsut": Quantity("W m-2", "toa_outgoing_shortwave_flux", False, 20.0, 250.0),
    "siconc": Quantity("1", "sea_ice_area_fraction", False, -0.01, 1.0),
    "sftlf": Quantity("1", "land_area_fraction", False, -0.01, 1.0),
    "orog": Quantity("m", "surface_altitude", False, -100.0, 3000.0),
}

AIMIP_LEVELS = (1000, 850, 700, 500, 250, 100, 50)
"""Pressure levels in hPa that AIMIP Phase 1 asks for."""

AIMIP_ON_LEVELS = ("ta", "hus", "ua", "va")
AIMIP_SURFACE = (
    ("ps", "psl"),
    ("ts",),
    ("tas",),
    ("tdas", "huss"),
    ("uas",),
    ("vas",),
    ("pr",),
    ("zg500", "zg"),
)
"""What AIMIP Phase 1 asks for: all of the first; of each tuple of the second, one."""

ERA5_NAMES = {
    "temperature": "ta", "u_component_of_wind": "ua", "v_component_of_wind": "va", "specific_humidity": "hus",
    "geopotential": "zg", "geopotential_height": "zg", "vertical_velocity": "wap", "surface_pressure": "ps",
    "mean_sea_level_pressure": "psl", "2m_temperature": "tas", "2m_dewpoint_temperature": "tdas",
    "2m_specific_humidity": "huss", "10m_u_component_of_wind": "uas", "10m_v_component_of_wind": "vas",
    "skin_temperature": "ts", "sea_surface_temperature": "tos", "sea_ice_cover": "siconc",
    "land_sea_mask": "sftlf", "geopotential_at_surface": "orog", "mean_evaporation_rate": "evspsbl",
    "mean_total_precipitation_rate": "pr", "total_precipitation_24hr": "pr", "total_precipitation_12hr": "pr",
    "total_precipitation_6hr": "pr", "total_precipitation": "pr",
    "t": "ta", "u": "ua", "v": "va", "q": "hus", "z": "zg", "w": "wap", "sp": "ps", "msl": "psl", "t2m": "tas",
    "d2m": "tdas", "u10": "uas", "v10": "vas", "skt": "ts", "sst": "tos", "tp": "pr", "lsm": "sftlf",
}  # fmt: skip
"""ERA5's long and short names -> CMOR's. Of several that mean one variable the first that a store holds is taken."""

ACCUMULATION_HOURS = {
    "total_precipitation": 1.0, "tp": 1.0, "total_precipitation_6hr": 6.0, "total_precipitation_12hr": 12.0,
    "total_precipitation_24hr": 24.0,
}  # fmt: skip
"""Hours over which ERA5's depths of water were collected."""

FREQUENCIES = {
    "Amon": "mon", "mon": "mon", "Omon": "mon", "Lmon": "mon", "SImon": "mon", "Emon": "mon", "monthly": "mon",
    "day": "day", "Eday": "day", "CFday": "day", "daily": "day", "6hrPlev": "6hr", "6hrPlevPt": "6hr", "6hr": "6hr",
    "6hourly": "6hr", "6hrLev": "6hr", "3hr": "3hr", "E3hr": "3hr", "1hr": "1hr", "E1hr": "1hr", "hourly": "1hr",
    "fx": "fx", "Ofx": "fx", "yr": "yr",
}  # fmt: skip
"""CMIP tables and frequencies -> one word each."""


def canonical(name: str) -> str | None:
    """The CMOR name of a variable of any catalogue ("zg500" stays "zg500"); None for one that is not known."""
    if name in QUANTITIES or split_level(name)[1] is not None:
        return name
    return ERA5_NAMES.get(name)


def split_level(name: str) -> tuple[str, int | None]:
    """("ta", 850) for "ta850"; ("tas", None) for "tas"."""
    match = re.fullmatch(r"([a-z]+)(\d{1,4})", name)
    if match and match[1] in QUANTITIES and QUANTITIES[match[1]].levels:
        return match[1], int(match[2])
    return name, None


def quantity(name: str) -> Quantity | None:
    """What is known of a CMOR name, with or without a level."""
    return QUANTITIES.get(split_level(name)[0])
