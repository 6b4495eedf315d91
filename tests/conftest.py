"""The whole suite runs in double precision, inside a context, as the engine runs its cases."""

import ctypes
import os
import sys

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import pytest

from gnomon.core.memory import resident_mb

_GROWTH_MB = 1500.0  # of compiled programs, before they are thrown away within a module
_held_mb = [0.0]  # since the last time


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
