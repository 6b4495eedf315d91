"""Importing Gnomon costs nothing, and looking around loads no numerics. Each check runs in a fresh interpreter."""

import json
import subprocess
import sys

import pytest

HEAVY = (
    "jax",
    "jaxlib",
    "equinox",
    "optax",
    "numpy",
    "scipy",
    "xarray",
    "pandas",
    "altair",
    "duckdb",
    "torch",
)


def fresh(code: str) -> dict:
    """What a fresh interpreter prints as its last line, in JSON."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def loaded_after(code: str) -> list[str]:
    """Which heavy packages a piece of code has loaded."""
    ask = f"print(); print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    return fresh(f"import json, sys\n{code}\n{ask}")


def test_import_gnomon_loads_nothing_heavy():
    assert loaded_after("import gnomon") == []


@pytest.mark.parametrize(
    "command",
    [["--help"], ["list"], ["list", "worlds"], ["list", "learners"], ["list", "trials"], ["list", "measures"],
     ["list", "studies"]],
    ids=" ".join,
)  # fmt: skip
def test_looking_around_loads_no_jax(command):
    heavy = loaded_after(f"from gnomon.cli.main import outcome\nassert outcome({command!r}) == 0")
    assert not {"jax", "equinox", "xarray", "pandas"} & set(heavy)


@pytest.mark.parametrize("room", ["spec", "store", "inference", "report", "cli"])
def test_light_rooms_load_no_jax(room):
    code = (
        "import importlib, pkgutil\n"
        f"package = importlib.import_module('gnomon.{room}')\n"
        f"for m in pkgutil.walk_packages(package.__path__, 'gnomon.{room}.'):\n"
        "    m.name.endswith('__main__') or importlib.import_module(m.name)"
    )
    assert not {"jax", "equinox", "xarray", "torch"} & set(loaded_after(code))


def test_importing_every_module_starts_no_backend_and_changes_no_option():
    code = """
import importlib, json, pkgutil, warnings
import jax, numpy, scipy.special, scipy.stats, scipy.sparse  # SciPy adds filters of its own
before = dict(jax.config.values), list(warnings.filters), numpy.geterr(), str(numpy.random.get_state())
import gnomon
for m in pkgutil.walk_packages(gnomon.__path__, "gnomon."):
    m.name.endswith("__main__") or importlib.import_module(m.name)
after = dict(jax.config.values), list(warnings.filters), numpy.geterr(), str(numpy.random.get_state())
from jax._src import xla_bridge
print(json.dumps({"started": xla_bridge.backends_are_initialized(), "same": [a == b for a, b in zip(before, after)]}))
"""
    assert fresh(code) == {"started": False, "same": [True] * 4}
