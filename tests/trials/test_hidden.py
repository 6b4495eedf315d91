"""A hidden variable is in no history and in all data, its null is the training mean; other worlds are as before."""

from types import SimpleNamespace

import jax
import msgspec
import numpy as np
import pytest

from gnomon.core.learner import Data
from gnomon.core.measure import CannotMeasure
from gnomon.core.runner import Starts, noisy_history
from gnomon.engine.scoring import Stage
from gnomon.spec.experiment import Experiment
from gnomon.spec.registry import build
from gnomon.testing.synthetic_scene import SHAPE, scene_card
from gnomon.training.free_run import validation_starts
from gnomon.training.sampling import sample_windows
from gnomon.trials.nulls import make_null

CARD = scene_card()


def _data():
    rng = np.random.default_rng(0)
    obs = {name: rng.standard_normal((6, 3, *SHAPE)) for name in ("grey", "depth")}
    return Data(
        obs=obs, forcing={k.name: np.ones((6, 3)) for k in CARD.knobs}, time=np.arange(3.0), train=np.arange(4),
        validation=np.arange(4, 6), card=CARD,
    )  # fmt: skip


def _starts():
    rng = np.random.default_rng(1)
    return Starts(states=None, history={k: rng.standard_normal((5, 1, *SHAPE)) for k in ("grey", "depth")})


def test_no_history_holds_it():
    seen = noisy_history(CARD, _starts(), 3, seed=1)
    assert list(seen) == ["grey"]
    whole = noisy_history(CARD, _starts(), 3, seed=1, whole=True)
    assert list(whole) == ["grey", "depth"]
    np.testing.assert_array_equal(whole["grey"], seen["grey"])
    data = _data()
    assert list(data.seen) == ["grey"]
    assert set(sample_windows(data, 1, most=9, key=jax.random.key(0)).history) == {"grey"}
    starts = validation_starts(data, 1, reserve=1, starts=2)
    assert set(starts.history) == {"grey"}
    assert set(starts.truth) == {"grey", "depth"}


def test_a_history_without_hidden_variables_is_what_it_was():
    """By hand: one draw for the unit, one more for each member, variable by variable."""
    plain = msgspec.structs.replace(
        CARD, variables=tuple(msgspec.structs.replace(v, hidden=False) for v in CARD.variables)
    )
    starts, seed = _starts(), 7
    rng = np.random.default_rng([seed, 0, 1])
    for v in plain.variables:
        clean = starts.history[v.name]
        expected = (clean + v.obs_error * rng.standard_normal(clean.shape))[:, None]
        expected = expected + v.obs_error * rng.standard_normal((5, 2, *clean.shape[1:]))
        np.testing.assert_array_equal(noisy_history(plain, starts, 2, seed=seed)[v.name], expected)


@pytest.mark.parametrize("name", ["frozen", "persistence_or_climatology"])
def test_its_null_is_the_training_mean(name):
    data, starts = _data(), _starts()
    data.obs["grey"][:] = np.arange(6.0)[
        :, None, None, None
    ]  # constant in time: the present is the better guess
    runs = make_null(
        name, Experiment(label="e", units=5, steps=1), card=CARD, data=data, starts=starts, seed=3
    )
    mean = data.obs["depth"][data.train].mean(axis=(0, 1))
    np.testing.assert_allclose(runs.obs["depth"][:, 0, 0], np.broadcast_to(mean, (5, *SHAPE)), rtol=1e-6)
    gap = runs.obs["grey"][:, 0, 0] - starts.history["grey"][:, -1]
    assert 0 < np.abs(gap).max() < 6 * CARD.variables[0].obs_error


def test_addresses_of_worlds_without_one_are_what_they_were():
    with jax.enable_x64(True):
        card = build("worlds", "lorenz63").card
    plain = msgspec.to_builtins(card)
    for variable in plain["variables"]:
        del variable["hidden"]
    for knob in plain["knobs"]:
        del knob["most"]
    del plain["unasked"]
    expected = {
        k: v
        for k, v in plain.items()
        if k not in ("summary", "references", "facts", "limits", "step_seconds")
    }
    assert card.decisive() == expected
    assert list(card.decisive()) == list(expected)
    assert CARD.decisive()["variables"][1]["hidden"]
    assert "hidden" not in CARD.decisive()["variables"][0]


def test_a_scene_is_asked_for_one_picture():
    assert [e.steps for e in build("trials", "forecast").design(CARD)] == [1]
    shift = build("trials", "shift")
    orders = shift.design(CARD)
    assert [e.label for e in orders] == [
        "control", *(f"shift+{k}{also}" for also in ("", " light") for k in (2, 3, 4))
    ]  # fmt: skip
    assert all(e.steps == 1 and e.starts == "shared" and not e.discard for e in orders)
    assert orders[1].drives[0].values == ((2.0,),)  # held from the start: the history has it too
    assert shift.declare(CARD)["distances"]["shift+2"] == 0.5
    assert shift.declare(CARD)["turned"]["shift+4 light"] == "light"


def test_a_knob_is_not_turned_beyond_what_means_anything():
    plain = CARD.knobs[1]
    ended = msgspec.structs.replace(
        plain, most=plain.default + 1.5 * (plain.high - plain.low)
    )  # three half ranges
    card = msgspec.structs.replace(CARD, knobs=(CARD.knobs[0], ended))
    labels = [e.label for e in build("trials", "shift").design(card)]
    assert f"shift+3 {plain.name}" in labels
    assert f"shift+4 {plain.name}" not in labels
    assert set(build("trials", "shift").declare(card)["turned"]) == set(labels) - {"control"}
    assert "most" not in CARD.decisive()["knobs"][1]
    assert "most" in card.decisive()["knobs"][1]


@pytest.mark.parametrize("kind", ["climate", "response"])
def test_what_is_not_asked_of_a_world_is_said_and_never_run(kind):
    card = msgspec.structs.replace(CARD, unasked={kind: "nothing moves"})
    case = SimpleNamespace(trial=SimpleNamespace(kind=kind), learner=SimpleNamespace(kind="mean_depth"))
    stage = Stage(None, case, build("trials", kind), SimpleNamespace(card=card), {})
    measure = build("measures", {"climate": "moments", "response": "depth_response"}[kind])
    for role in ("truth", "subject", "floor"):
        with pytest.raises(CannotMeasure, match="nothing moves"):
            measure.summarise(stage.evidence(role))
