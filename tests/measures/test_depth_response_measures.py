"""Measures of `response` on scenes: the public contract, and answers that are known beforehand."""

import functools

import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.depth_response_pairs import moved, pairs_table
from gnomon.spec.registry import build
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_depth_response import PAIRS, SHAPE, UNITS, synthetic_depth_response
from gnomon.testing.synthetic_evidence import synthetic_evidence

NAMES = ("depth_response", "depth_invariance")
made = functools.cache(synthetic_depth_response)


@pytest.mark.parametrize("name", NAMES)
def test_contract(name):
    check_measure(build("measures", name), make=made)


def shown(maps):
    """Evidence of maps, label -> ln depth [unit, y, x]; -inf is sky."""
    units = len(next(iter(maps.values())))
    evidence = made("truth")
    lost = np.full((units, 1), -1)
    runs = {
        label: evidence.runs[label]._replace(
            obs={"depth": np.exp(np.asarray(x, float))[:, None, None].astype(np.float32)}, diverged=lost
        )
        for label, x in maps.items()
    }
    return evidence._replace(runs=runs)


def following(size, light, *, units=4, level=1.0):
    """Maps that change by so much of ln depth with the size of things and with the light."""
    flat = np.full((units, *SHAPE), level)
    (small, large), (dark, bright) = PAIRS.values()
    return shown({small: flat, large: flat + size, dark: flat, bright: flat + light})


def scored(name, truth, subject, what="discrepancy"):
    """A measure's numbers for two evidences."""
    measure = build("measures", name)
    return getattr(measure, what)(measure.summarise(truth), measure.summarise(subject))


def drawn(name, truth, subject):
    """A measure's figures for two evidences."""
    measure = build("measures", name)
    both = {"truth": truth, "subject": subject}
    return measure.curves({role: measure.summarise(e) for role, e in both.items()}, both)


@pytest.mark.parametrize(
    ("size", "light", "misses", "strays"),
    [(0.4, 0.0, 0.0, 0.0), (0.0, 0.0, 0.4, 0.0), (0.2, 0.3, 0.2, 0.3), (-0.4, -0.1, 0.8, 0.1), (0.7, 0, 0.3, 0)],
)  # fmt: skip
def test_what_is_missed_and_what_strays_are_told_apart(size, light, misses, strays):
    """The truth moves by 0.4 with the size and stays under the light: by hand."""
    truth, subject = following(0.4, 0.0), following(size, light)
    np.testing.assert_allclose(scored("depth_response", truth, subject), misses, atol=1e-6)
    np.testing.assert_allclose(scored("depth_invariance", truth, subject), strays, atol=1e-6)
    (slope,) = drawn("depth_response", truth, subject)[1].series
    assert slope.y == pytest.approx([size / 0.4], abs=1e-5)


def test_a_map_that_is_wrong_and_never_changes_is_invariant_and_does_not_respond():
    """Whoever ignores the picture is perfect where nothing moves, and no better than the null where something does."""
    truth = made("truth")
    mean = following(0.0, 0.0, units=UNITS, level=2.0)
    assert (scored("depth_invariance", truth, mean) == 0).all()
    null = scored("depth_response", truth, made("null", null="no_response"))
    np.testing.assert_allclose(scored("depth_response", truth, mean), null, rtol=1e-12)
    assert build("measures", "depth_invariance").null == ""


def test_only_the_truth_says_which_knobs_move_depth():
    """A subject that moves under the light does not make the light a knob that should."""
    truth, subject = following(0.4, 0.0), following(0.4, 1.0)
    assert moved(pairs_table(truth)).tolist() == [True, False]
    assert moved(pairs_table(following(0.4, 5e-4))).tolist() == [True, False]
    assert (scored("depth_response", truth, subject) < 1e-6).all()
    with pytest.raises(CannotMeasure, match="no knob changes the true depth"):
        scored("depth_response", following(0.0, 0.0), subject)
    with pytest.raises(CannotMeasure, match="every knob changes"):
        scored("depth_invariance", following(0.4, 0.4), subject)


def test_a_pixel_that_is_sky_in_one_picture_is_not_judged():
    (small, large), (dark, bright) = PAIRS.values()
    flat = np.full((2, *SHAPE), 1.0)
    opened = flat + 0.4
    opened[:, :3] = -np.inf
    truth = shown({small: flat, large: opened, dark: flat, bright: flat})
    wild = flat + 0.4
    wild[:, :3] = 5.0
    subject = shown({small: flat, large: wild, dark: flat, bright: flat})
    np.testing.assert_allclose(scored("depth_response", truth, subject), 0.0, atol=1e-6)
    gone = shown({small: flat, large: np.full_like(flat, -np.inf), dark: flat, bright: flat})
    for name in NAMES:
        with pytest.raises(CannotMeasure, match="nothing but sky"):
            scored(name, gone, subject)


def test_sky_before_a_wall_counts_as_the_nearest_depth():
    truth = following(0.4, 0.0)
    (small, large), (dark, bright) = PAIRS.values()
    flat = np.full((4, *SHAPE), 1.0)
    subject = shown({small: flat, large: np.full_like(flat, -np.inf), dark: flat, bright: flat})
    np.testing.assert_allclose(scored("depth_response", truth, subject), 1.4 - np.log(0.1), rtol=1e-5)


def test_figures_name_knobs_and_say_how_large_a_change_is_beside_the_models_own_error():
    truth, subject = following(0.4, 0.0), following(0.2, 0.3, level=1.5)
    error, slope = drawn("depth_response", truth, subject)
    assert error.note.startswith("0: size 0.5 to 1.5;")
    assert slope.series[0].low == pytest.approx(slope.series[0].y, abs=1e-5)  # scenes are all alike
    (still,) = drawn("depth_invariance", truth, subject)
    assert still.note.startswith("0: light 0.5 to 1.5;")
    assert still.note.endswith(f"0: {0.3 / ((0.5 + 0.8) / 2):.2g}")


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_asked_is_refused(name):
    measure = build("measures", name)
    with pytest.raises(CannotMeasure, match="one hidden variable"):
        measure.summarise(synthetic_evidence("truth"))
    for design, says in (({}, "declares no 'pairs'"), ({"pairs": {}}, "held no knob")):
        with pytest.raises(CannotMeasure, match=says):
            measure.summarise(made("subject")._replace(design=design))
