"""The page on spreads of depth: its tables and sentences say what the rows say, and what is trained twice is not."""

import csv

import jax.numpy as jnp
import numpy as np
import pytest

from docs import scene_trust_page as page
from gnomon.learners.sidert.pictures import Pictures
from gnomon.learners.sidert.spread_model import Told
from validation import scene_trust

INSIDE, OUTSIDE = "as in training", "size 1.5 (training to 1.25)"


def rows():
    """Temperature mends what it was fitted on and nothing beyond."""
    found = [
        dict(
            scenes=INSIDE,
            who="ensemble",
            scaling="9 updates",
            what="training",
            value="",
            low="",
            high="",
            n=2,
        )
    ]

    def add(scenes, who, scaling, what, value, reach=0.01):
        found.append(dict(
            scenes=scenes, who=who, scaling=scaling, what=what, value=value, low=value - reach, high=value + reach, n=30
        ))  # fmt: skip

    for scenes in (INSIDE, OUTSIDE):
        for who in ("network 1", "network 2", "ensemble"):
            add(scenes, who, "", "abs_rel", 0.2)
            add(scenes, who, "", "factor", 1.5)
            add(scenes, who, "temperature", "less_before", -0.08 if scenes == INSIDE else 0.0)
            add(scenes, who, "temperature", "less_inside", 0.0 if scenes == INSIDE else 0.08)
            for scaling in page.SCALINGS:
                mended = scaling != "before" and scenes == INSIDE
                add(scenes, who, scaling, "coverage_error", 0.02 if mended else 0.1)
                add(scenes, who, scaling, "negative_log_likelihood", -0.5)
                add(scenes, who, scaling, "spread", 0.2)
                for what in ("ause", "floor", "aurg"):
                    add(scenes, who, scaling, what, 0.3)
    return found


def lines():
    return [
        dict(scenes=s, who="ensemble", curve=c, scaling=k, x=x, y=x)
        for s in (INSIDE, OUTSIDE)
        for c, k in (("reliability", "before"), ("sparsification", "by spread"))
        for x in (0.0, 0.5)
    ]


def write(path, found):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)


def test_the_page_says_what_the_rows_say(tmp_path):
    write(tmp_path / page.NUMBERS, rows())
    write(tmp_path / page.CURVES, lines())
    page.main(tmp_path, tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    assert (
        "| as in training | network 1 | 0.200 [0.190, 0.210] | 0.200 [0.190, 0.210] | 0.100 [0.090, 0.110] | 0.020"
        in text
    )
    assert (
        "0.020 [0.010, 0.030] after temperature; difference, scene by scene, the factor given, "
        "-0.080 [-0.090, -0.070]: scaling lowers it." in text
    )
    assert (
        "larger for size 1.5 (training to 1.25): 0.080 [0.070, 0.090]. Not shown to be larger for none."
        in text
    )
    assert "better than chance in 2 of 2 kinds" in text
    assert "| size 1.5 (training to 1.25) | 0.100 / 0.100; 0.300 | 0.100 / 0.100; 0.300 |" in text
    assert (tmp_path / page.FIGURE).read_bytes().startswith(b"<svg")


def test_missing_numbers_are_said(tmp_path):
    with pytest.raises(SystemExit, match=r"validation\.scene_trust"):
        page.main(tmp_path, tmp_path / "page.md")


def test_every_knob_is_turned_beyond_its_range():
    """But the one that has nothing beyond: there is no more than all of the furniture."""
    found = scene_trust.beyond()
    assert found[INSIDE] == {}
    assert OUTSIDE in found
    turned = {name for held in found.values() for name in held}
    assert turned == {"light", "texture", "field_of_view", "noise", "size", "haze"}


def test_a_mixture_has_the_variance_of_its_members(monkeypatch):
    """Two networks that tell ln depth 1 and 3 with a scale of 1: variance 2 and the square of 1 between them."""
    pictures = Pictures(jnp.zeros((1, 2, 2, 3)), jnp.ones((1, 2, 2)))
    told = iter([Told(np.full((1, 2, 2), np.exp(m)), np.ones((1, 2, 2))) for m in (1.0, 3.0)])
    monkeypatch.setattr(scene_trust, "all_told", lambda *_: next(told))
    middle, spread = scene_trust.spoken([None, None], pictures)
    np.testing.assert_allclose(middle, 2.0)
    np.testing.assert_allclose(2 * spread**2, 2 + 1)


def test_shares_below_are_those_of_the_told_distribution(monkeypatch):
    """Errors of -1, 0, 0 and 1 spreads lie at exp(-1) / 2, 1/2, 1/2 and 1 - exp(-1) / 2."""
    depth = np.exp(np.array([[[-1.0, 0.0], [0.0, 1.0]]]))
    monkeypatch.setattr(scene_trust, "all_told", lambda *_: Told(np.ones((1, 2, 2)), np.ones((1, 2, 2))))
    pictures = Pictures(jnp.zeros((1, 2, 2, 3)), jnp.asarray(depth))
    found = scene_trust.shares_below([None], pictures, 1.0)[0]
    low = np.exp(-1) / 2
    expected = (np.array([low, 0.5, 0.5, 1 - low])[:, None] <= scene_trust.LEVELS + 1e-9).mean(axis=0)
    np.testing.assert_allclose(found, expected)
    halved = scene_trust.shares_below([None], pictures, 1e9)[0]  # all errors are nothing beside such a spread
    np.testing.assert_allclose(halved[[8, 10]], [0.0, 1.0])


def test_a_difference_is_taken_scene_by_scene():
    """Scenes differ much, the two by a tenth in each level and scene: no noise is left."""
    rng = np.random.default_rng(0)
    one = scene_trust.LEVELS + 0.2 + 0.05 * rng.standard_normal((50, 1))
    one[3] = np.nan
    found = scene_trust.farther(one, one - 0.1, level=0.95)
    np.testing.assert_allclose([found.value, found.low, found.high], 0.1, atol=1e-12)
    assert found.n == 49


def test_a_kept_network_is_taken_only_if_it_is_the_very_same(tmp_path, monkeypatch, capsys):
    path = tmp_path / "kept" / "spread-0.npz"
    monkeypatch.setattr(scene_trust.persist, "dump", lambda model: ({"is": model}, {"x": np.ones(2)}))
    monkeypatch.setattr(
        scene_trust.persist, "restore", lambda structure, arrays: (structure["is"], len(arrays))
    )
    assert scene_trust.read_kept(path, {}) is None
    scene_trust.keep("a network", {"seed": 0}, path)
    assert scene_trust.read_kept(path, {"seed": 0}) == ("a network", 1)
    assert scene_trust.read_kept(path, {"seed": 1}) is None
    path.write_bytes(path.read_bytes()[:40])
    assert scene_trust.read_kept(path, {"seed": 0}) is None
    assert "cannot be read" in capsys.readouterr().out
