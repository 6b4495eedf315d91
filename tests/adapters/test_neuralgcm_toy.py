"""The packaged toy itself, for some hours: from observations of a world through NeuralGCM and back."""

import jax
import numpy as np
import pytest

from gnomon.adapters.neuralgcm.native import run_checkpoint
from gnomon.adapters.neuralgcm.subject import NeuralGCM
from gnomon.core.watch import Watch
from gnomon.spec.experiment import Drive, Experiment
from tests.adapters.neuralgcm_stand_in import plausible, sphere_card, starts_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_a_world_runs_through_the_toy_and_feels_its_warming():
    card = sphere_card(32, 64)
    with jax.enable_x64(True):  # the precision of most studies; a checkpoint is run in its own
        runner = NeuralGCM(perpetual=True).runner(card)
        orders = [
            Experiment(label="x", units=1, steps=1, starts="shared", drives=(Drive.steady("warming", w),))
            for w in (0, 4)
        ]
        control, warm = (runner.run(e, starts_of(card, 1), seed=1, watch=Watch()) for e in orders)
    sent = plausible(card)
    assert control.diverged.tolist() == [[-1]]
    for name, x in control.obs.items():
        assert np.isfinite(x).all(), name
    for name, most in {"ta500": 4.0, "zg500": 60.0, "psl": 800.0, "hus850": 3e-3}.items():
        assert np.abs(control.obs[name][0, 0, 0] - sent[name]).mean() < most, name
    change = {n: float((warm.obs[n] - control.obs[n]).mean()) for n in ("ta1000", "ta500")}
    assert 0.2 < change["ta1000"] < 3.0
    assert abs(change["ta500"]) < 0.5 * change["ta1000"]  # it comes from below


def test_the_toy_runs_from_the_packaged_state():
    data = run_checkpoint("toy", days=0.25)
    assert data.attrs["stopped"] == ""
    assert 240 < float(data["ta"].sel(plev=50_000).mean()) < 265
    assert 95_000 < float(data["ps"].mean()) < 101_000
    assert np.abs(data["ua"]).max() < 120
