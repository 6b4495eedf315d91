"""What can be wrong with the values of a variable, told from a few steps."""

import numpy as np

from gnomon.archives.calendars import stamp
from gnomon.archives.findings import Finding, Place, found
from gnomon.archives.names import GRAVITY, quantity, split_level
from gnomon.archives.samples import Sample
from gnomon.archives.units import conversion, normal
from gnomon.spec.errors import BadData

MASKED = ("tos", "siconc")  # of the sea: missing over land is as it should be
RAIN = 3.0e-5  # kg m-2 s-1, 2.6 mm a day: the global mean of the Earth
RAIN_UNITS = {
    86_400.0: "mm/day", 3600.0: "mm/h", 1e-3: "m/s", 3.6: "m/h", 21.6: "m in 6 h", 86.4: "m/day",
    2.592e6: "mm a month", 21_600.0: "mm in 6 h",
}  # fmt: skip
"""What mean rain is multiplied by where it is in another unit than kg m-2 s-1."""
POSSIBLE = {
    "ta": (130, 380), "tas": (150, 350), "ts": (150, 380), "ua": (-250, 250), "va": (-250, 250), "uas": (-120, 120),
    "vas": (-120, 120), "hus": (-0.005, 0.06), "huss": (-0.005, 0.06), "ps": (40_000, 115_000),
    "psl": (85_000, 112_000),
}  # fmt: skip
"""Single values, in units of CMOR, that air on Earth can have."""


def check_values(sample: Sample) -> list[Finding]:
    """Every rule on values that applies to this variable."""
    place = Place(file=sample.file, variable=sample.variable)
    out = _missing(sample)
    name = split_level(sample.variable)[0]
    try:
        change = conversion(name, sample.stored_name, sample.units, where=sample.file)
    except BadData as error:
        return [*out, found("unknown_units", _after_file(error, sample.file), **place)]
    true = sample._replace(values=sample.values * change.factor + change.offset)
    if not np.isfinite(true.values).any():
        return out
    if len(sample.steps) > 1 and sample.variable not in ("orog", "sftlf") and _constant(true):
        out.append(found("constant", f"the {len(sample.steps)} sampled steps are all the same", **place))
    if name == "zg":
        return out + _heights(true)
    if name == "pr":
        return out + _rain(true)
    return out + _plausible(true, name)


def _missing(sample: Sample) -> list[Finding]:
    absent = ~np.isfinite(sample.values)
    if not absent.any():
        return []
    place = Place(file=sample.file, variable=sample.variable)
    always = absent.all(0)
    if sample.variable in MASKED and (absent == always).all():
        return []
    by_level = absent.mean((0, 2, 3))
    low = sample.levels >= 600
    if (
        low.any()
        and by_level[~low].sum() == 0
        and by_level.max() < 0.4
        and _grows_downwards(by_level, sample.levels)
    ):
        worst = f"{by_level.max():.1%} of the points of {sample.levels[by_level.argmax()]:g} hPa"
        what = f"missing at {worst}, none above 600 hPa"
        return [found("below_ground", what, **place)]
    steps, rows = np.flatnonzero(absent.any((1, 2, 3))), np.flatnonzero(absent.any((0, 1, 3)))
    where = f"{sample.lat[rows[0]]:g} to {sample.lat[rows[-1]]:g} N"
    if sample.clock is not None:
        first, last = (stamp(sample.clock, int(sample.steps[i])) for i in (steps[0], steps[-1]))
        where += f", {first} to {last}"
    if len(sample.levels) > 1:
        where += f", {', '.join(f'{p:g}' for p in sample.levels[by_level > 0])} hPa"
    return [
        found(
            "missing_values",
            f"{absent.mean():.2%} of the sampled values are missing or not finite ({where})",
            **place,
        )
    ]


def _grows_downwards(share: np.ndarray, levels: np.ndarray) -> bool:
    return bool((np.diff(share[np.argsort(levels)]) >= -1e-12).all())


def _constant(sample: Sample) -> bool:
    values = np.nan_to_num(sample.values)
    return bool((values == values[:1]).all())


def _heights(sample: Sample) -> list[Finding]:
    means = sample.means().mean(0)
    place = Place(file=sample.file, variable=sample.variable)
    high = [(m, standard_height(p)) for m, p in zip(means, sample.levels, strict=True) if p <= 700]
    if not high:
        return []
    ratio = float(np.median([m / z for m, z in high]))
    stated = normal(sample.units or "")
    if 0.85 < ratio < 1.15:
        if stated == "m2 s-2" and sample.stored_name.startswith("zg"):
            what = "zg is stated in m2 s-2 and was divided by 9.80665"
            return [found("geopotential_as_height", what, severity="warning", **place)]
        return []
    said = f"the mean is {high[0][0]:.0f} m where {high[0][1]:.0f} m is usual, {ratio:.3g} times as much"
    if 0.85 < ratio / GRAVITY < 1.15:
        return [found("geopotential_as_height", said, **place)]
    if 0.85 < ratio * GRAVITY < 1.15 and stated == "m2 s-2":
        return [
            found(
                "height_as_geopotential", f"units say m2 s-2, and {said} after division by 9.80665", **place
            )
        ]
    return [found("implausible", said, **place)]


def standard_height(hpa: float) -> float:
    """Height in m of a pressure level of the standard atmosphere (ISO 2533), to 20 km."""
    if hpa > 226.32:
        return 44_330.8 * (1 - (hpa / 1013.25) ** 0.190263)
    return 11_000 + 6341.6 * float(np.log(226.32 / hpa))


def _rain(sample: Sample) -> list[Finding]:
    means = sample.means()[:, 0]
    mean, place = float(np.nanmean(means)), Place(file=sample.file, variable=sample.variable)
    if _accumulates(sample, means):
        return [
            found(
                "cumulative_precipitation",
                f"it rises at every point, from {means[0]:.3g} to {means[-1]:.3g}",
                **place,
            )
        ]
    out = []
    if not 0.5 * RAIN < mean < 2.2 * RAIN:
        near = min(RAIN_UNITS, key=lambda f: abs(np.log(max(abs(mean), 1e-30) / RAIN / f)))
        like = f"; it would fit {RAIN_UNITS[near]}" if 0.4 < mean / RAIN / near < 2.5 else ""
        what = f"the global mean is {mean:.3g} in units {sample.units!r}, where {RAIN:.1e} kg m-2 s-1 is usual{like}"
        out.append(found("precipitation_units", what, **place))
    elif sample.stored_name == "pr" and normal(sample.units or "") not in ("kg m-2 s-1", "mm s-1"):
        what = f"units say {sample.units!r}; it is turned into kg m-2 s-1"
        out.append(found("precipitation_units", what, severity="warning", **place))
    lowest = float(np.nanmin(sample.values))
    if lowest < -1e-3 * abs(mean):
        share = float((sample.values < -1e-3 * abs(mean)).mean())
        out.append(
            found(
                "negative_precipitation",
                f"{share:.2%} of the values are negative, down to {lowest:.3g}",
                **place,
            )
        )
    return out


def _accumulates(sample: Sample, means: np.ndarray) -> bool:
    if len(means) < 4:
        return False
    rises = np.diff(sample.values[:, 0], axis=0) >= -1e-6 * np.nanmax(np.abs(sample.values))
    return bool(rises.mean() > 0.999 and means[-1] > 1.5 * abs(means[0]) and (np.diff(means) > 0).all())


def _plausible(sample: Sample, name: str) -> list[Finding]:
    known = quantity(name)
    if known is None:
        return []
    place = Place(file=sample.file, variable=sample.variable)
    means = sample.means()
    with np.errstate(invalid="ignore"):
        low, high = float(np.nanmin(means)), float(np.nanmax(means))
    if (
        known.units == "K"
        and normal(sample.units or "") not in ("K", "kelvin", "degK")
        and known.low < low
        and high < known.high
    ):
        if name == "tos":
            return []
        return [
            found(
                "temperature_units",
                f"units say {sample.units!r}; it is turned into K",
                severity="warning",
                **place,
            )
        ]
    if known.low <= low and high <= known.high:
        return _extremes(sample, name)
    shown = "" if known.units == "1" else f" {known.units}"
    what = f"global means run from {low:.4g} to {high:.4g}{shown}; {known.low:g} to {known.high:g} would be plausible"
    if known.units == "K" and known.low <= low + 273.15 and high + 273.15 <= known.high:
        return [found("temperature_units", f"{what}: it fits degC", **place)]
    if known.units == "Pa" and known.low <= 100 * low and 100 * high <= known.high:
        return [found("pressure_units", f"{what}: it fits hPa", **place)]
    if name in ("hus", "huss") and high <= 1000 * known.high and low > -1:
        return [found("humidity_units", f"{what}: it fits g kg-1", **place)]
    return [found("implausible", what, **place)]


def _extremes(sample: Sample, name: str) -> list[Finding]:
    """Single values that no air has: blown-up points hide in a global mean."""
    if name not in POSSIBLE:
        return []
    low, high = float(np.nanmin(sample.values)), float(np.nanmax(sample.values))
    if POSSIBLE[name][0] <= low and high <= POSSIBLE[name][1]:
        return []
    what = f"values run from {low:.4g} to {high:.4g}; {POSSIBLE[name][0]:g} to {POSSIBLE[name][1]:g} would be possible"
    return [found("implausible", what, file=sample.file, variable=sample.variable)]


def _after_file(error: BadData, file: str) -> str:
    return str(error).split(f"{file}: ", 1)[-1]
