"""What can be wrong with the times of a file."""

import re

import numpy as np

from gnomon.archives.calendars import STANDARD, Clock, stamp
from gnomon.archives.findings import Finding, found
from gnomon.archives.samples import Sample
from gnomon.archives.tree import Named

LATEST = 205.0  # day of the year on which the northern half of the air is warmest against the southern one
APART = 21.0  # days that a model's season may be off; a month's shift is thirty


def check_times(
    clock: Clock, named: Named | None, frequency: str, *, file: str, variable: str, bounds: bool
) -> list[Finding]:
    """Order, gaps, calendar, and stamps against the name of the file."""
    out = []
    if clock.calendar not in STANDARD:
        out.append(found("calendar", f"calendar {clock.calendar!r}", file=file, variable=variable))
    steps = np.diff(clock.days)
    falls = np.flatnonzero(steps <= 0)
    if falls.size:
        i = int(falls[0])
        kind = "comes twice" if steps[i] == 0 else f"is followed by {stamp(clock, i + 1)}"
        what = f"{stamp(clock, i)} {kind}; {falls.size} of {len(steps)} steps do not rise"
        return [*out, found("time_order", what, file=file, variable=variable)]
    out += _gaps(clock, frequency, file, variable)
    out += _labels(clock, named, frequency, file, variable)
    if (
        frequency == "mon"
        and not bounds
        and len(clock.days)
        and _on_first_day(clock)
        and not _named(out, "time_labels")
    ):
        out.append(
            found("month_start_labels", f"the first is {stamp(clock, 0)}", file=file, variable=variable)
        )
    return out


def check_season(sample: Sample) -> list[Finding]:
    """Whether the northern half is warmest against the southern one in late July, by the annual harmonic of months.

    That is where it lies over observed sea-surface temperatures, warmed or not. An aquaplanet or a perpetual month has
    no season: nothing is said where it is weak (under 2 K).
    """
    if sample.clock is None or sample.values.shape[0] < 12 or not np.isfinite(sample.values[:12]).all():
        return []
    clock, steps = sample.clock, sample.steps[:12]
    if len(set(clock.months[steps].tolist())) != 12 or sample.lat.min() > -30 or sample.lat.max() < 30:
        return []
    zonal = sample.values[:12, 0].mean(-1)
    north, south = sample.lat > 0, sample.lat < 0
    contrast = [(zonal[:, h] * sample.weights[h]).sum(1) / sample.weights[h].sum() for h in (north, south)]
    series = contrast[0] - contrast[1]
    angle = 2 * np.pi * (clock.months[steps] - 0.5) / 12
    first = complex((series * np.exp(1j * angle)).mean())
    if 2 * abs(first) < 2.0:
        return []
    day = float(np.angle(first) % (2 * np.pi) / (2 * np.pi) * 365.25)
    off = (day - LATEST + 182.6) % 365.25 - 182.6
    if abs(off) <= APART:
        return []
    name = "mirrored" if abs(off) > 120 else "time_labels"
    what = (
        f"the north is warmest against the south on day {day:.0f} of the year, {abs(off):.0f} days "
        f"{'late' if off > 0 else 'early'}"
    )
    return [found(name, what, file=sample.file, variable=sample.variable)]


def _gaps(clock: Clock, frequency: str, file: str, variable: str) -> list[Finding]:
    if len(clock.days) < 2 or frequency in ("fx", "yr"):
        return []
    if frequency == "mon":
        number = clock.years * 12 + clock.months
        missing = np.diff(number) - 1
        if (missing == -1).any():
            i = int(np.argmin(missing))
            what = f"{stamp(clock, i)} and {stamp(clock, i + 1)} lie in one month"
            return [found("time_order", what, file=file, variable=variable)]
    else:
        steps = np.diff(clock.days)
        missing = np.rint(steps / float(np.median(steps))).astype(int) - 1
    holes = np.flatnonzero(missing > 0)
    if not holes.size:
        return []
    i = int(holes[0])
    what = f"{int(missing[holes].sum())} steps are missing, the first after {stamp(clock, i)}"
    return [found("time_gap", what, file=file, variable=variable)]


def _labels(clock: Clock, named: Named | None, frequency: str, file: str, variable: str) -> list[Finding]:
    if named is None or not named.start or not len(clock.days) or frequency == "fx":
        return []
    out = []
    for text, i in ((named.start, 0), (named.end, -1)):
        said = re.fullmatch(r"(\d{4})(\d{2})?(\d{2})?\d*", text)
        if not said or not said[2]:
            continue
        apart = int(clock.years[i]) * 12 + int(clock.months[i]) - int(said[1]) * 12 - int(said[2])
        if apart:
            out.append((text, i, apart))
    if not out:
        return []
    if len(out) == 2 and out[0][2] == out[1][2]:
        what = f"the name says {named.start}-{named.end}, the times run from {stamp(clock, 0)} to {stamp(clock, -1)}"
        return [found("time_labels", what, file=file, variable=variable)]
    text, i, apart = out[0]
    what = f"the name says {text}, the {'first' if i == 0 else 'last'} time is {stamp(clock, i)} ({apart:+d} months)"
    return [found("time_gap", what, file=file, variable=variable)]


def _on_first_day(clock: Clock) -> bool:
    return all(str(v)[8:10] == "01" for v in clock.values[:24])


def _named(findings: list[Finding], name: str) -> bool:
    return any(f.name == name for f in findings)
