"""Faults planted in an atmosphere: each does what it says, by as much as it says, and nothing else."""

import numpy as np
import pytest

from gnomon.core.learner import AbstractControl
from gnomon.core.runs import Runs
from gnomon.measures.cyclones.preset import GNOMON, find, on_grid, searched
from gnomon.measures.cyclones.size import shape
from gnomon.numerics.sphere.dilation import source, widened
from gnomon.numerics.sphere.grid import gauss_grid, great_circle
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build, load
from gnomon.testing.synthetic_sphere import synthetic_sphere
from gnomon.testing.synthetic_sphere_climate import sphere_card

KINDS = ("wide_cyclones", "leaking_mass", "shifted_wave", "deaf_upper_levels", "saturating", "wrong_physics")
UNITS, LEADS = 4, 6


@pytest.fixture(scope="module")
def truth():
    return synthetic_sphere("truth", units=UNITS, leads=LEADS)


def altered(truth, kind, *labels, **args):
    """Evidence of the truth itself with a fault planted in it: the same noise, so the fault is measured exactly."""
    fault = build("learners", kind, args)
    runs = {"control": truth.runs["control"]}
    for label in labels:
        if hasattr(fault, "alter_response") and label != "free":
            runs[label] = fault.alter_response(truth.runs[label], runs["control"], truth.card)
        else:
            runs[label] = fault.alter_runs(truth.runs[label], truth.card)
    return truth._replace(runs=runs)


def measured(truth, subject, kind, *, design=None):
    measure = build("measures", kind)
    given = truth if design is None else truth._replace(design=dict(truth.design) | design)
    tables = [measure.summarise(e._replace(design=given.design)) for e in (given, subject)]
    return measure, *tables


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_a_control_with_the_role_of_a_fault(kind):
    got = load("learners", kind)
    assert issubclass(got, AbstractControl)
    assert got.role == "fault"
    assert not got.is_null
    assert not got.is_imperfect


def low(lat, lon, sigma, at=(48.0, 120.0)):
    away = great_circle(at[0], at[1], lat[:, None], lon[None, :])
    return 101_500 - 2500 * np.exp(-((away / sigma) ** 2) / 2)


@pytest.mark.parametrize("factor", [1.0, 1.3])
@pytest.mark.parametrize("sigma", [5.0, 6.0])
def test_a_low_of_known_size_is_found_wider_by_the_stated_share(factor, sigma):
    grid = gauss_grid(31)
    field = np.stack(
        [low(grid.lat, grid.lon, sigma, at) for at in ((48.0, 120.0), (-41.0, 33.0), (60.5, 301.0))]
    )
    wide = widened(field, grid.lat, grid.lon, factor)
    radii, depths = [], []
    for maps in (field, wide):
        where = searched(grid.lat, grid.lon)
        nodes = find(maps, where, GNOMON)
        assert len(nodes.time) == 3
        form = shape(on_grid(maps, where), nodes, where.grid)
        radii.append(form.half_radius.mean())
        depths.append(form.depth.mean())
    r = np.arange(0.0, 15.01, 0.01)  # the same definition, on the exact profile
    exact = []
    for f in (1.0, factor):
        p = 1 - np.exp(-((source(r, f) / sigma) ** 2) / 2)
        half = p[r >= 10].mean() / 2
        exact.append(r[np.argmax(p >= half)])
    assert radii[1] / radii[0] == pytest.approx(exact[1] / exact[0], abs=0.045)
    if factor > 1:
        assert 1.15 < radii[1] / radii[0] < 1.3
        assert depths[1] < depths[0]  # the surroundings are nearer to the low, so less is left below them


def test_far_from_lows_nothing_moves_and_the_centre_keeps_its_depth():
    grid = gauss_grid(31)
    field = low(grid.lat, grid.lon, 5.0)
    wide = widened(field, grid.lat, grid.lon, 1.3)
    away = great_circle(48.0, 120.0, grid.lat[:, None], grid.lon[None, :])
    np.testing.assert_array_equal(wide[away > 30], field[away > 30])
    assert wide.min() == pytest.approx(field.min(), abs=60.0)  # of 2500 Pa, between grid points
    between = np.diff(source(np.linspace(0, 30, 400), 1.9))
    assert between.min() > 0  # nothing is folded


def test_leaking_air_is_measured_back_by_the_budget(truth):
    subject = altered(truth, "leaking_mass", "free", size=10.0)
    _, real, leaking = measured(truth, subject, "budgets")
    assert leaking["dry_mass"] - real["dry_mass"] == pytest.approx(
        -1000.0, rel=0.015
    )  # air leaves with its vapour
    np.testing.assert_array_equal(leaking["top_energy"], real["top_energy"])


def test_a_displaced_wave_is_measured_back(truth):
    labels = ("amp-2", "amp-1", "amp+1", "amp+2")
    subject = altered(truth, "shifted_wave", *labels, size=20.0)
    measure, real, turned = measured(truth, subject, "response_phase")
    assert measure.value(real, turned).mean() == pytest.approx(20.0, abs=0.5)
    assert measure.value(real, real).mean() == pytest.approx(0.0, abs=1e-6)
    lat = np.array(truth.card.grid.lat)
    for label in labels:
        before, after = truth.runs[label].obs["pr"], subject.runs[label].obs["pr"]
        np.testing.assert_array_equal(after[..., np.abs(lat) < 20, :], before[..., np.abs(lat) < 20, :])
        np.testing.assert_allclose(after.std(axis=2), before.std(axis=2), atol=1e-9)  # weather is left alone


def test_deaf_levels_show_no_change_and_the_others_all_of_it(truth):
    labels = ("shift+2", "shift+3", "shift+4")
    subject = altered(truth, "deaf_upper_levels", *labels)
    _, real, deaf = measured(truth, subject, "warming_profile")
    upper = np.array([p < 300 for p in (1000, 850, 700, 500, 250, 100, 50)])
    np.testing.assert_array_equal(deaf["section"][:, :, ~upper], real["section"][:, :, ~upper])
    np.testing.assert_allclose(deaf["section"][:, :, upper].mean(axis=0), 0, atol=1e-4)
    assert np.abs(real["section"][:, -1, 4].mean()) > 1  # K: there was something to lose


def test_a_saturating_subject_feels_less_of_a_strong_forcing_and_says_it_was_ordered():
    card = sphere_card(21)
    fault = build("learners", "saturating", {"size": 0.8})
    trial = build("trials", "response", {"units": 2, "ladder": 2, "period": 0.0})
    felt = {e.label: fault.alter_experiment(e, card).drives[0].values[0][-1] for e in trial.design(card)[1:]}
    assert felt == pytest.approx({"amp-2": -1.2, "amp-1": -1.0, "amp+1": 1.0, "amp+2": 1.2})
    runs = Runs(
        "e", {}, np.ones(1), {"enso": np.array([[-1.2], [0.5], [1.2]])}, np.zeros((3, 1)), None, {}, {}
    )
    np.testing.assert_allclose(fault.alter_runs(runs, card).forcing["enso"][:, 0], [-2.0, 0.5, 2.0])
    with pytest.raises(BadSpec, match="size"):
        build("learners", "saturating", {"size": 1.0})


def test_wrong_physics_changes_one_argument_of_the_world():
    card = build("worlds", "held_suarez").card
    fault = build("learners", "wrong_physics", {"argument": "friction_days", "value": 1.5})
    assert fault.world_args(card) == {"friction_days": 1.5}
    assert float(build("worlds", "held_suarez", fault.world_args(card)).friction_days) == 1.5
    assert build("learners", "wrong_physics").world_args(card) == card.imperfect
    with pytest.raises(BadSpec, match="no parameter 'drag'"):
        build("learners", "wrong_physics", {"argument": "drag"}).world_args(card)


@pytest.mark.parametrize("kind", ["shifted_wave", "deaf_upper_levels"])
def test_a_response_is_never_altered_without_its_control(truth, kind):
    fault = build("learners", kind)
    assert fault.alter_runs(truth.runs["control"], truth.card) is truth.runs["control"]
    with pytest.raises(BadSpec, match="unforced run"):
        fault.alter_runs(truth.runs["amp+2"], truth.card)
