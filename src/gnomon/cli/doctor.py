"""`gnomon doctor`: what is installed, which device, what is missing and how to get it; or what is wrong with files."""

import importlib.metadata
import platform
import re
import sys

from gnomon import __version__
from gnomon.cli.archives import look_over_files
from gnomon.cli.late import late

CORE = (
    "jax", "jaxlib", "equinox", "optax", "jaxtyping", "numpy", "scipy", "msgspec", "duckdb",
    "cyclopts", "rich", "jinja2", "markupsafe", "altair", "vl-convert-python",
)  # fmt: skip
EXTRAS = {  # extra -> (packages, what they bring)
    "cluster": (("dask", "distributed"), "run --cluster tcp://..."),
    "climate": (("xarray", "dask", "netCDF4", "zarr"), "CMIP, AIMIP and WeatherBench files"),
    "atmos": (("jcm", "dinosaur"), "the worlds speedy and held_suarez"),
    "neuralgcm": (("neuralgcm",), "NeuralGCM's checkpoints as subjects"),
    "scene": (("pillow",), "gnomon depth, and depth archives"),
    "torch": (("torch",), "models written with PyTorch"),
}


def doctor(files: str = "", /) -> int:
    """What is installed, which device, what is missing and the line that brings it; or what is wrong with files.

    Parameters
    ----------
    files:
        A folder of CMIP or AIMIP files, one file, or a Zarr store; left out, this installation is looked over.
    """
    if files:
        return look_over_files(files)
    print(f"gnomon {__version__}   python {platform.python_version()}   {platform.platform()}")
    missing = _print_versions()
    print("\noptional parts")
    for extra, (packages, brings) in EXTRAS.items():
        have = {p: _version(p) for p in packages}
        if all(have.values()):
            print(f"  {extra:<10} {', '.join(f'{p} {v}' for p, v in have.items())}")
        else:
            print(f"  {extra:<10} not installed ({brings}): pip install 'gnomon[{extra}]'")
    print("\ndevice")
    print(f"  {_device()}")
    if missing:
        print(f"\nmissing: {', '.join(missing)}; pip install gnomon brings them", file=sys.stderr)
    return 1 if missing else 0


def _print_versions() -> list[str]:
    print("\nparts")
    missing = []
    for package in CORE:
        version = _version(package)
        print(f"  {package:<18} {version or 'MISSING'}{_required(package)}")
        if not version:
            missing.append(package)
    return missing


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _required(package: str) -> str:
    try:
        needs = importlib.metadata.requires("gnomon") or []
    except importlib.metadata.PackageNotFoundError:
        return ""
    for need in needs:
        match = re.match(r"([A-Za-z0-9_.-]+)\s*([^;]*)$", need)
        if match and match[1].lower().replace("_", "-") == package:
            return f"   (needs {match[2].strip()})" if match[2].strip() else ""
    return ""


def _device() -> str:
    try:
        devices = late("jax:devices")()
    except Exception as error:  # a broken driver must not keep the rest of the page from the reader
        return f"JAX finds none: {' '.join(str(error).split())[:200]}"
    kinds = ", ".join(sorted({f"{d.platform} ({d.device_kind})" for d in devices}))
    return f"{len(devices)} x {kinds}"
