"""The whole suite runs in double precision, inside a context, as the engine runs its cases."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import pytest


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield


@pytest.fixture(autouse=True, scope="module")
def _free_compiled_programs():
    """XLA keeps every compiled program; give the memory back between modules."""
    yield
    jax.clear_caches()
