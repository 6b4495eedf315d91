"""Every right-hand side of the catalogue against dysts' at random states, where the equations agree."""

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.spec.catalogue import systems
from gnomon.spec.registry import load
from validation.catalogue.dysts import DIFFERENT, REGIME

REFERENCE = json.loads(Path(__file__).with_name("dysts_reference.json").read_text())["systems"]

# Worlds of other files: dysts' name -> ours.
ELSEWHERE = {"Lorenz": "lorenz63", "Lorenz96": "lorenz96"}

OURS = {load("worlds", name).__name__: name for name in systems()}


@pytest.mark.parametrize("system", sorted(set(REFERENCE) & set(OURS) - set(DIFFERENT)))
def test_right_hand_side_equals_that_of_dysts(system):
    cls = load("worlds", OURS[system])
    states, expected = np.asarray(REFERENCE[system]["states"]), np.asarray(REFERENCE[system]["tendencies"])
    standard = {**cls.about.parameters, **REGIME.get(system, {})}
    parameters = {name: jnp.asarray(value) for name, value in standard.items()}
    found = np.stack(jnp.broadcast_arrays(*cls.rhs(jnp.asarray(states.T), parameters)), axis=-1)
    size = np.abs(expected).max(0)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * (1 + size.max()))


def test_every_system_of_dysts_is_here_or_its_absence_is_explained():
    missing = set(REFERENCE) - set(OURS) - set(ELSEWHERE)
    assert not missing, sorted(missing)


def test_every_difference_is_real_and_explained():
    for system, why in DIFFERENT.items():
        assert system in OURS
        assert len(why) > 20
        cls = load("worlds", OURS[system])
        states, theirs = (np.asarray(REFERENCE[system][k]) for k in ("states", "tendencies"))
        if states.shape[1] != len(cls.about.state):
            continue  # other coordinates
        ours = np.stack(jnp.broadcast_arrays(*cls.rhs(jnp.asarray(states.T), cls.about.parameters)), axis=-1)
        assert np.abs(ours - theirs).max() > 1e-6, "no difference is left; take it off the list"


def test_the_lower_rod_of_the_double_pendulum_is_the_only_difference():
    """Three times g on the lower rod, as dysts has it, gives dysts' right-hand side."""
    cls = load("worlds", OURS["DoublePendulum"])
    states, theirs = (np.asarray(REFERENCE["DoublePendulum"][k]) for k in ("states", "tendencies"))
    ours = np.stack(jnp.broadcast_arrays(*cls.rhs(jnp.asarray(states.T), cls.about.parameters)), axis=-1)
    np.testing.assert_allclose(ours[:, :3], theirs[:, :3], rtol=1e-12, atol=1e-12)
    ratio = (theirs - ours)[:, 3] / np.sin(states[:, 1])
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
