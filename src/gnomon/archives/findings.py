"""What can be wrong with files, and how it is said."""

from typing import Literal, NamedTuple, TypedDict

Severity = Literal["error", "warning", "note"]


class Finding(NamedTuple):
    """One thing about files that their maker should know.

    Attributes:
        name: of the rule, as in "geopotential_as_height".
        severity: "error": numbers computed from it would be wrong or nothing can be computed; "warning": some would be,
            or something is missing; "note": worth knowing.
        file: path below the root; "" where it concerns the whole tree.
        variable: its CMOR name; "" where it concerns the file.
        what: what was found, with numbers.
        why_it_matters: what would go wrong.
        fix: what its maker can do.
    """

    name: str
    severity: Severity
    file: str
    variable: str
    what: str
    why_it_matters: str
    fix: str


class Place(TypedDict):
    """Where a finding was made: what `found` takes by name."""

    file: str
    variable: str


class Rule(NamedTuple):
    """A kind of finding: what it means is the same wherever it is found."""

    severity: Severity
    why: str
    fix: str


RULES: dict[str, Rule] = {
    "damaged": Rule(
        "error",
        "nothing can be read from it, and a test would stop half-way",
        "copy or download it again and compare checksums",
    ),
    "leads_outside": Rule(
        "error",
        "a tree must hold its own files: links out of it may lead anywhere",
        "copy the file into the tree",
    ),
    "hostile_store": Rule(
        "error",
        "a store may name code that runs when it is read",
        "save plain numbers, as xarray.Dataset.to_zarr does",
    ),
    "file_name": Rule(
        "warning",
        "experiment, member and variable are taken from names: others are guessed from attributes",
        "name files {variable}_{table}_{model}_{experiment}_{member}_{grid}_{start}-{end}.nc",
    ),
    "name_disagrees": Rule(
        "error",
        "the arrays are taken for what the name says",
        "rename the file, or write the variable under its name",
    ),
    "missing_axis": Rule(
        "error",
        "without its coordinate nobody knows where a value lies",
        "write coordinates lat, lon, plev and time with units",
    ),
    "swapped_axes": Rule(
        "error", "maps would be turned by 90 degrees and area weights be wrong", "exchange lat and lon"
    ),
    "reversed_axis": Rule(
        "note", "it is turned round when it is read", "nothing; south to north is usual for CMIP"
    ),
    "mirrored": Rule(
        "error",
        "the field is upside down against its latitudes: summer is in the wrong half of the Earth",
        "turn the field or its coordinate round, not both",
    ),
    "bad_axis": Rule(
        "error",
        "grid cells would be weighted or ordered wrongly",
        "write rising, finite, unrepeated coordinates",
    ),
    "not_global": Rule(
        "error",
        "a region is no climate of the globe: its edge would be taken for the rest",
        "send every latitude and longitude",
    ),
    "level_units": Rule(
        "error",
        "levels would be looked for a hundred times too high or low",
        "write plev in Pa (100000, 85000, ...), units 'Pa'",
    ),
    "pressure_units": Rule("error", "pressures would be a hundred times too small", "write Pa, units 'Pa'"),
    "temperature_units": Rule("error", "temperatures would be 273 K too cold", "write K, units 'K'"),
    "humidity_units": Rule(
        "error", "humidity would be a thousand times too large", "write kg kg-1, units '1'"
    ),
    "unknown_units": Rule(
        "error", "an unknown unit cannot be turned into that of CMOR", "write the unit of the CMOR table"
    ),
    "precipitation_units": Rule(
        "error", "rain would be wrong by a factor of 3600, 86400 or 1000", "write the mean rate in kg m-2 s-1"
    ),
    "negative_precipitation": Rule(
        "warning", "dry days and extremes are counted wrongly", "clip at zero, or say why it is negative"
    ),
    "cumulative_precipitation": Rule(
        "error",
        "the sum since the start would be taken for a rate",
        "difference it in time and divide by the step",
    ),
    "geopotential_as_height": Rule(
        "error", "heights would be 9.8 times too large", "divide by 9.80665 and write m, units 'm'"
    ),
    "height_as_geopotential": Rule(
        "error", "heights would be 9.8 times too small", "the values are metres: write units 'm'"
    ),
    "implausible": Rule(
        "error",
        "no atmosphere looks like this: a wrong unit, scale or variable",
        "check units and the variable",
    ),
    "calendar": Rule(
        "note",
        "its years differ from the standard ones: days cannot be paired with observations, months can",
        "nothing; name it in the description of the model",
    ),
    "undecodable_time": Rule(
        "error",
        "no step can be placed in a year",
        "write time as numbers with 'days since ...' and a calendar",
    ),
    "time_order": Rule(
        "error",
        "means and trends would mix the order of time or count steps twice",
        "sort time, keep each once",
    ),
    "time_gap": Rule(
        "error",
        "years with gaps are no years: means, trends and seasons are biased",
        "send the missing steps",
    ),
    "time_labels": Rule(
        "error",
        "every month would be taken for its neighbour: the season is shifted",
        "stamp a month on its middle, with time_bnds",
    ),
    "month_start_labels": Rule(
        "note",
        "months are stamped on their first day and have no bounds: read as that month",
        "write time_bnds",
    ),
    "missing_values": Rule(
        "error", "a mean over missing values is missing or biased", "send the block again"
    ),
    "below_ground": Rule(
        "note",
        "values below the ground are masked; where others continue them, only what both have is compared",
        "nothing",
    ),
    "constant": Rule(
        "warning",
        "a field that does not change in time was hardly meant to be sent",
        "check what was written",
    ),
    "missing_variable": Rule(
        "warning", "the criteria that need it are not computed", "send it if the model has it"
    ),
    "missing_level": Rule(
        "warning", "what is asked at this level is not computed", "interpolate to it linearly in pressure"
    ),
    "member_mismatch": Rule(
        "warning", "members with different contents cannot be averaged", "send the same of every member"
    ),
    "mixed_grids": Rule(
        "error", "fields on different grids cannot be subtracted", "send all variables on one grid"
    ),
    "mass_drift": Rule(
        "warning",
        "dry air is made or lost: the core does not conserve it, and pressure trends are artefacts",
        "fix the global mean of ps minus water vapour while the model runs",
    ),
}
"""Every rule of the validator: its name, how severe it is, why it matters and what mends it."""


def found(
    name: str, what: str, *, file: str = "", variable: str = "", severity: Severity | None = None
) -> Finding:
    """A finding of a rule."""
    rule = RULES[name]
    return Finding(name, severity or rule.severity, file, variable, what, rule.why, rule.fix)
