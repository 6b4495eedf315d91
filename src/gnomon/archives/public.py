"""Public archives by a short name, opened over the network piece by piece.

Nothing is downloaded before values are asked for, and then only the chunks that hold them.
"""

from typing import NamedTuple


class Public(NamedTuple):
    """A store that anyone may read.

    Attributes:
        url: as fsspec opens it.
        what: one line on its contents.
        protocol_package: what fsspec needs for the address.
        options: for fsspec.
        zarr: whether it is one Zarr group; else a tree of NetCDF files.
    """

    url: str
    what: str
    protocol_package: str
    options: dict[str, object]
    zarr: bool = True


_ANONYMOUS: dict[str, object] = {"token": "anon"}
_WB2 = "gs://weatherbench2/datasets/era5"

STORES: dict[str, Public] = {
    "era5-5.6deg": Public(
        f"{_WB2}/1959-2023_01_10-6h-64x32_equiangular_conservative.zarr",
        "WeatherBench 2: ERA5 1959-2023, 6-hourly, 64 x 32 points", "gcsfs", _ANONYMOUS,
    ),
    "era5-1.5deg": Public(
        f"{_WB2}/1959-2023_01_10-6h-240x121_equiangular_with_poles_conservative.zarr",
        "WeatherBench 2: ERA5 1959-2023, 6-hourly, 240 x 121 points", "gcsfs", _ANONYMOUS,
    ),
    "era5-0.25deg": Public(
        "gs://gcp-public-data-arco-era5/ar/full_37-1h-0p25deg-chunk-1.zarr-v3",
        "ARCO-ERA5: ERA5 hourly, 1440 x 721 points, 37 levels", "gcsfs", _ANONYMOUS,
    ),
    "aimip": Public(
        "s3://ai-mip", "AIMIP Phase 1 submissions: monthly and daily NetCDF of every model", "s3fs",
        {"anon": True, "client_kwargs": {"endpoint_url": "https://s3.eu-dkrz-1.dkrz.cloud"}}, zarr=False,
    ),
}  # fmt: skip
"""Names -> public stores. The addresses are those their owners publish; they may move them."""
