"""Learners of fields keep the general contract on every geometry: rings, a plane, a sphere with land."""

import jax
import pytest

from gnomon.learners.attention_operator import AttentionOperator
from gnomon.learners.deep_operator import DeepOperator
from gnomon.learners.fourier_operator import FourierOperator
from gnomon.learners.kernel_operator import KernelOperator
from gnomon.learners.latent_spectral import LatentSpectral
from gnomon.learners.refiner import Refiner
from gnomon.learners.unet import UNet
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner
from tests.learners.test_field_emulators import turning_sphere
from tests.learners.training_data import make_data

SMALL = {"budget": 1, "updates": 6, "batch": 64, "unroll": 2}
LEARNERS = {
    "fourier_operator": FourierOperator(**SMALL, width=6, depth=2, modes=5),
    "unet": UNet(**SMALL, width=6, levels=2),
    "refiner": Refiner(**SMALL, width=6, levels=1, refinements=2),
    "kernel_operator": KernelOperator(**SMALL, width=6, depth=2, bumps=3),
    "attention_operator": AttentionOperator(**SMALL, width=6, depth=1, heads=2),
    "deep_operator": DeepOperator(**SMALL, width=8, depth=2, rank=8),
    "deep_operator, multi": DeepOperator(**SMALL, width=8, depth=2, multi=True),
    "latent_spectral": LatentSpectral(**SMALL, width=8, levels=1, heads=2, bases=3, tokens=2),
}
# Held against uncompiled runs too, which take longest: on the smaller ring, and the U-Net, whose grids halve, on both.
EAGER = {(n, "lorenz96") for n in LEARNERS if n != "fourier_operator"} | {("unet", "kuramoto_sivashinsky")}


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_contract_on_a_sphere_with_land(name):
    data = turning_sphere()
    check_learner(LEARNERS[name], build("worlds", "lorenz63"), data, eager=False, key=jax.random.key(1))


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("world", ["kuramoto_sivashinsky", "lorenz96"])
def test_contract_on_rings(name, world):
    made = build("worlds", world)
    data = make_data(made, train=4, validation=2, steps=40)
    fit = check_learner(LEARNERS[name], made, data, eager=(name, world) in EAGER, key=jax.random.key(1))
    assert fit.simulator.card.name == name.partition(",")[0]
    assert fit.simulator.card.stochastic == (name == "refiner")


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_contract_on_a_plane(name):
    made = build("worlds", "navier_stokes", {"grid": 24, "viscosity": 0.05})
    data = make_data(made, train=4, validation=2, steps=24)
    fit = check_learner(LEARNERS[name], made, data, eager=False, key=jax.random.key(1))
    assert fit.simulator.fields.geometry.kind == "plane"
