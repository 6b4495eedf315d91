import jax
import numpy as np
import pytest

from gnomon.core.forcing import forcing_of
from gnomon.spec.errors import BadSpec, UnknownName
from gnomon.spec.experiment import Drive, Experiment
from gnomon.spec.registry import build


@pytest.fixture(scope="module")
def card():
    with jax.enable_x64(True):
        return build("worlds", "lorenz63").card


def test_ramp_is_linear_and_constant_outside(card):
    forcing = forcing_of(card, (Drive.ramp("rho", 28.0, 30.0, 4.0),), 2)
    at = jax.vmap(lambda f, t: f.at(t)["rho"], in_axes=(0, None))
    for time, expected in ((-1.0, 28.0), (0.0, 28.0), (1.0, 28.5), (4.0, 30.0), (9.0, 30.0)):
        np.testing.assert_allclose(at(forcing, time), [expected] * 2)


def test_each_unit_has_its_own_row(card):
    drive = Drive(knob="rho", times=(0.0, 1.0), values=((26.0, 27.0), (30.0, 28.0)))
    forcing = forcing_of(card, (drive,), 2)
    np.testing.assert_allclose(jax.vmap(lambda f: f.at(0.5)["rho"])(forcing), [26.5, 29.0])


def test_knobs_left_alone_keep_their_default(card):
    np.testing.assert_allclose(jax.vmap(lambda f: f.at(3.0)["rho"])(forcing_of(card, (), 3)), [28.0] * 3)


def test_unknown_knob_names_the_known_ones(card):
    with pytest.raises(UnknownName, match="rho"):
        forcing_of(card, (Drive.steady("F", 8.0),), 1)


def test_a_knob_is_driven_once(card):
    with pytest.raises(BadSpec, match="once"):
        forcing_of(card, (Drive.steady("rho", 27.0), Drive.steady("rho", 28.0)), 1)


@pytest.mark.parametrize(
    ("times", "values"), [((0.0, 1.0), ((1.0,),)), ((), ()), ((1.0, 0.5), ((1.0, 2.0),)), ((0.0,), ())]
)
def test_malformed_drives_are_refused(times, values):
    with pytest.raises(BadSpec):
        Drive(knob="rho", times=times, values=values)


def test_rows_must_match_units():
    drive = Drive(knob="rho", times=(0.0,), values=((1.0,), (2.0,)))
    with pytest.raises(BadSpec, match="rows"):
        Experiment(label="e", units=3, steps=1, drives=(drive,))
