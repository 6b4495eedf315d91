"""A small true world and its starts, made once for the whole room."""

import jax
import pytest

from gnomon.adapters.jax_runner import make_starts
from gnomon.core.watch import Watch
from gnomon.spec.experiment import Drive, Experiment
from gnomon.spec.registry import build


@pytest.fixture(scope="session")
def world():
    with jax.enable_x64(True):
        return build("worlds", "lorenz63")


@pytest.fixture(scope="session")
def experiment():
    return Experiment(
        label="forecast", units=4, steps=40, members=2, drives=(Drive.ramp("rho", 28.0, 29.0, 20.0),)
    )


@pytest.fixture(scope="session")
def starts(world, experiment):
    with jax.enable_x64(True):
        return make_starts(world, experiment.drives, experiment.units, history=8, seed=3, watch=Watch())
