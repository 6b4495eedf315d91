"""The whole suite runs in double precision, inside a context, as the engine runs its cases."""

import atexit
import ctypes
import os
import shutil
import sys
import tempfile

os.environ.setdefault("JAX_PLATFORMS", "cpu")
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    # Both test workers, and the processes that they start, compile a program once. It lives as long as the run does.
    _compiled = tempfile.mkdtemp(prefix="gnomon-tests-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _compiled
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "0")
    atexit.register(shutil.rmtree, _compiled, ignore_errors=True)

import jax
import pytest

from gnomon.core.memory import resident_mb

_GROWTH_MB = 1500.0  # of compiled programs, before they are thrown away within a module
_held_mb = [0.0]  # since the last time
_LONG = ("examples", "science", "cli", "engine", "learners")  # folders that hold files of minutes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of minutes first, or one worker ends the run alone (`make test` hands files out in this order)."""
    items.sort(key=lambda item: item.path.parent.name not in _LONG)


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield
    if resident_mb() > _held_mb[0] + _GROWTH_MB:
        _free_programs()


@pytest.fixture(autouse=True, scope="module")
def _free_compiled_programs():
    """XLA keeps every compiled program; give the memory back between modules."""
    yield
    _free_programs()


def _free_programs() -> None:
    jax.clear_caches()
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(
                0
            )  # glibc keeps what was freed, and a worker only ever grows
        except (OSError, AttributeError):
            pass  # another C library
    _held_mb[0] = resident_mb()
