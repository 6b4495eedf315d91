"""Truth that can only be read: trees of files and Zarr stores, looked over, brought to one grid and walked in time.

`open_collection(path_or_url)` looks into a folder of NetCDF files in the layout of CMIP or AIMIP, or a Zarr group in
that of WeatherBench 2 or ARCO-ERA5, and loads nothing. `Collection.array(experiment, member, "ta850")` is a lazy
`xarray.DataArray` (time, lat, lon) with CMOR names, units and axes. `examine(path)` says what is wrong with files
before anything is computed. `regrid(array, analysis_grid())` brings an array to one grid for all, block by block.
`scan` walks it in time within bounded memory, to the same numbers however many workers there are.

Bad input is `spec.errors.BadData`, one sentence that names the file and the mend. xarray, dask, netCDF4 and zarr are
imported when a file is opened.
"""

from gnomon.archives import scan
from gnomon.archives.collection import Collection, open_collection
from gnomon.archives.examination import Examination, examine, look_over
from gnomon.archives.findings import Finding
from gnomon.archives.public import STORES
from gnomon.archives.regridding import analysis_grid, finest_grid, regrid

__all__ = [
    "STORES", "Collection", "Examination", "Finding", "analysis_grid", "examine", "finest_grid", "look_over",
    "open_collection", "regrid", "scan",
]  # fmt: skip
