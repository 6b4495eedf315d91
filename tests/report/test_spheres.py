"""Figures of the sphere: valid, drawn, escaped, with round colour borders and a coast that stays on the map."""

import json
import re
from typing import Any

import altair
import numpy as np
import pytest

from gnomon.report.charts import chart, rows, template_of
from gnomon.report.coastline import FILE, coast_rows, coastline
from gnomon.report.figures import render
from gnomon.report.levels import borders, colour_slots, shades
from gnomon.report.page import build_report
from gnomon.report.palette import MAPS, ramp
from gnomon.report.panels import panel_slots, panels, size_of, thinned
from gnomon.report.payload import FINE, Pool
from gnomon.spec.figures import disc_curve, map_curve, section_curve, taylor_curve
from tests.report.synthetic_atmosphere import LIMITS, NAME, fill_atmosphere
from tests.report.synthetic_spheres import HOSTILE, LAT, LON, sphere_curves

CURVES = {c.name: c for c in sphere_curves()}
every = pytest.mark.parametrize("one", CURVES.values(), ids=CURVES)


def _shorten(node: Any) -> None:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if key in ("values", "coast") and isinstance(value, list) and value and isinstance(value[0], dict):
            node[key] = value[:3]
        elif isinstance(value, dict | list):
            _shorten(value)


@every
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_figure_is_valid_vega_lite_with_every_slot_filled(one, scheme):
    spec = chart(one, scheme=scheme)
    _shorten(spec)  # every row is of the same form
    altair.Chart.from_dict(spec)
    left = re.findall(r'"\$[a-z_0-9]+"', json.dumps(spec).replace('"$schema"', ""))
    assert left == []


@every
def test_every_figure_is_drawn_and_strangers_words_stay_words(one):
    svg = render(chart(one), "svg").decode()
    assert svg.startswith("<svg")
    assert "NaN" not in svg
    assert "<script" not in svg
    assert "<b " not in svg
    assert one.title in svg
    assert len(svg) < 2_500_000
    if one.kind == "portrait":
        assert HOSTILE.replace("<", "&lt;").replace(">", "&gt;").split("onclick")[0] in svg


def test_all_kinds_are_covered():
    kinds = {c.kind for c in CURVES.values()}
    assert kinds == {"map", "section", "portrait", "composite", "tracks", "taylor"}
    assert {c.projection for c in CURVES.values()} == {"plain", "disc"}


def test_roles_share_a_scale_and_the_difference_has_its_own():
    one = CURVES["map_tas"]
    assert panels(one) == ["truth", "subject", "difference"]
    assert template_of(one) == "map:2dm"
    spec = chart(one)
    first, second, apart = [*spec["vconcat"][0]["concat"], spec["vconcat"][1]]
    scale = [p["layer"][0]["encoding"]["color"]["scale"] for p in (first, second, apart)]
    assert scale[0] == scale[1] != scale[2]
    assert 0.0 in scale[2]["domain"]
    assert apart["title"]["text"].startswith("subject − truth: rms ")


def test_sections_have_the_ground_at_the_bottom():
    y = chart(CURVES["section_ua"])["vconcat"][0]["concat"][0]["layer"][0]["encoding"]["y"]
    assert (y["scale"]["type"], y["scale"]["reverse"], y["title"]) == ("log", True, "pressure (hPa)")
    assert y["axis"]["values"] == [1000, 850, 700, 500, 300, 200, 100, 50]
    flat = section_curve("s", "s", [0, 10], [1000, 500], {"truth": [[1, 2], [3, 4]]}, units="K", log=False)
    y = chart(flat)["vconcat"][0]["concat"][0]["layer"][0]["encoding"]["y"]
    assert y["scale"]["type"] == "linear"


def test_a_disc_turns_clockwise_from_the_top():
    field = np.zeros((1, 4))
    field[0, 1] = 1.0  # azimuth 90: the right
    one = disc_curve(
        "d", "d", [1.0], [0, 90, 180, 270], {"truth": field}, units="K", significant={"truth": field > 0}
    )
    (hot,) = (r for r in rows(one) if r["v"] == 1.0)
    assert hot["x"] == pytest.approx(np.pi / 4)  # Vega counts clockwise from the top as well
    assert (hot["a"], hot["b"]) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-12))


def test_a_taylor_diagram_puts_the_truth_at_one_one():
    one = taylor_curve("t", "t", {"subject": [("same", 1.0, 1.0), ("none", 2.0, 0.0), ("anti", 0.5, -1.0)]})
    same, none, anti = rows(one)
    assert (same["x"], same["y"]) == (1.0, 0.0)
    assert (none["x"], none["y"]) == (0.0, 2.0)
    assert (anti["x"], anti["y"]) == (-0.5, 0.0)
    filled = panel_slots(one)
    assert filled["$x_domain"][0] == -filled["$x_domain"][1]  # a half disc where a correlation is negative
    error = [p for p in filled["$grid"] if p["g"] == "error"]
    radius = {p["p"]: round(np.hypot(p["x"] - 1, p["y"]), 3) for p in error}
    assert set(radius.values()) == {0.25, 0.5, 0.75, 1.0}


@pytest.mark.parametrize(
    ("values", "diverging", "centre", "expected"),
    [
        ([-3.0, 6.0], None, 0.0, [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5]),
        ([2.0, 12.0], None, 0.0, [3, 4, 5, 6, 7, 8, 9, 10, 11]),
        ([0.5, 1.4], True, 1.0, [0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4]),
        ([5.0, 5.0], None, 0.0, [6]),
        ([], None, 1.0, [1]),
    ],
)
def test_borders_are_round(values, diverging, centre, expected):
    assert borders(values, diverging=diverging, centre=centre) == pytest.approx(expected)


def test_one_wild_value_does_not_take_the_colours():
    values = [*np.linspace(-1, 1, 999), 1000.0]
    assert max(borders(values, diverging=None, centre=0.0)) <= 1.0


def test_there_is_a_colour_for_every_step_and_the_middle_is_pale_or_dark():
    for one in CURVES.values():
        if one.rasters:
            slots, tones = colour_slots(one), shades(one, "light")
            assert len(tones["$shades"]) == len(slots["$levels"]) + 1
            assert len(tones["$d_shades"]) == len(slots["$d_levels"]) + 1
    assert ramp("warmth", 7, "light") == list(MAPS["light"]["warmth"])


def _light(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("hue", ["warmth", "water", "amount"])
def test_colours_are_ordered_by_lightness_so_that_hue_is_not_needed(hue, scheme):
    light = [_light(c) for c in ramp(hue, 11, scheme)]
    if hue == "amount":
        assert light == sorted(light, reverse=scheme == "light")
    else:
        away = 1 if scheme == "dark" else -1
        assert np.all(np.diff(light[:6]) * away < 0)
        assert np.all(np.diff(light[5:]) * away > 0)


def test_the_coastline_is_small_complete_and_stays_on_the_map():
    assert FILE.stat().st_size < 60_000
    assert "public domain" in json.loads(FILE.read_text(encoding="utf-8"))["note"]
    lines = coastline()
    assert 100 < len(lines) < 200
    assert all(len(line) >= 4 and len(line) % 2 == 0 for line in lines)
    assert all(0 <= x <= 3600 for line in lines for x in line[::2])
    assert all(-900 < y < 900 for line in lines for y in line[1::2])
    jumps = [abs(a - b) for line in lines for a, b in zip(line[::2], line[2::2], strict=False)]
    assert max(jumps) < 200  # tenths of a degree: no line runs across the map
    cape = [(x, y) for line in lines for x, y in zip(line[::2], line[1::2], strict=False)]
    assert min(abs(x - 2920) + abs(y + 550) for x, y in cape) < 40  # Cape Horn, 68 W 55 S


def test_the_coast_is_repeated_for_windows_across_greenwich():
    both = coast_rows((-30.0, 30.0, -90.0, 90.0))
    assert min(r["x"] for r in both) < -9 < 9 < max(r["x"] for r in both)
    assert max(r["p"] for r in coast_rows((0.0, 360.0, -90.0, 90.0))) < 160


def test_thinning_keeps_the_edges_of_the_map():
    small = thinned(CURVES["map_tas"], 24)
    assert (len(small.rasters["truth"]), len(small.rasters["truth"][0])) == (24, 24)
    assert (small.x_edges[0], small.x_edges[-1], small.y_edges[0], small.y_edges[-1]) == (
        0.0,
        360.0,
        -90.0,
        90.0,
    )
    assert thinned(CURVES["map_tas"], 200) is CURVES["map_tas"]
    assert thinned(CURVES["portrait_climate"], 2) is CURVES["portrait_climate"]


def test_a_map_survives_in_the_payload():
    field = np.random.default_rng(1).normal(size=(32, 64))
    one = map_curve("m", "m", LAT, LON, {"truth": field}, units="K", significant={"truth": field > 1})
    pool = Pool(400)
    figure = pool.figures[pool.add(one)]
    ((wide, low, high, at, marks),) = figure["images"]
    back = np.array(pool.arrays[at], float).reshape(-1, wide) / FINE * (high - low) + low
    np.testing.assert_allclose(back[:, :64], field, atol=(high - low) / FINE)
    hot = np.hstack([field, field[:, :1]]) > 1
    shown = hot & (np.add.outer(np.arange(32), np.arange(65)) % 2 == 0)  # on so fine a grid every other cell
    assert pool.arrays[marks] == np.flatnonzero(shown).tolist()
    plain = pool.plain()
    assert list(plain["templates"]) == ["map:1m"]
    assert plain["coast"] == coastline()
    assert Pool(400).plain()["coast"] == []


@every
def test_sizes_fit_the_paper(one):
    for wide in (330, 764):
        size = size_of(one, wide)
        assert size["$width"] * size["$columns"] < wide
        assert 50 <= size["$height"] <= 800


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return fill_atmosphere(tmp_path_factory.mktemp("atmosphere") / "store", learners=("perfect", "linear"))


@pytest.fixture(scope="module")
def text(store, tmp_path_factory):
    return build_report(store, NAME, tmp_path_factory.mktemp("page")).read_text(encoding="utf-8")


def test_where_thinning_is_not_enough_maps_are_left_out_and_told(store, text, tmp_path):
    least = 550_000  # more than the page without any figure
    page = build_report(store, NAME, tmp_path, largest=least)
    assert "maps are left out" in page.read_text(encoding="utf-8")
    assert "maps are left out" not in text
    assert page.stat().st_size < min(least, len(text))


def test_the_page_says_what_a_world_cannot_tell(text):
    assert LIMITS[0] in text
    assert "&lt;b&gt;no stratospheric circulation" in text
    assert "What the worlds cannot tell" in text
    assert "world_summary" not in text
    assert "speedy (sphere)" in text  # what could have been seen


def test_a_page_of_maps_stays_small(text):
    assert len(text) < 1_500_000
