import json
import re

import altair
import numpy as np
import pytest

from gnomon.report.charts import chart, colours, labels, legend_columns, rows, template_of
from gnomon.report.palette import ROLES
from gnomon.spec.results import Curve, Series
from tests.report.synthetic_curves import curves_of
from tests.report.synthetic_results import MEASURES, synthetic_case


def every_curve() -> list[Curve]:
    found = []
    for trial in MEASURES:
        details = synthetic_case("lorenz96", "nvar", trial, 0.6, 0)[1]
        found += [c for curves in details.curves.values() for c in curves] if details else []
    return found


def line(label: str, role: str, y: tuple[float | None, ...], **more) -> Series:
    return Series(label=label, role=role, x=tuple(range(len(y))), y=y, **more)


def curve(*series: Series, **more) -> Curve:
    plain = {"name": "c", "title": "title", "kind": "line", "x_label": "time (1)", "y_label": "error (1)"}
    return Curve(**(plain | more), series=series)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("one", every_curve(), ids=lambda c: c.name)
def test_every_figure_is_valid_vega_lite_with_every_slot_filled(one, scheme):
    spec = chart(one, scheme=scheme)
    spec["data"]["values"] = spec["data"]["values"][:20]  # every row is of the same form
    altair.Chart.from_dict(spec)  # validates against the schema
    left = re.findall(r'"\$[a-z_]+"', json.dumps(spec).replace('"$schema"', ""))
    assert left == []


def test_the_kinds_are_all_covered():
    assert {c.kind for c in every_curve()} == {"line", "points", "bars", "raster"}


def test_axes_carry_labels_with_units_and_logarithms():
    one = curve(line("subject", "subject", (1.0, 2.0)), log="y")
    line_layer = chart(one)["layer"][0]["encoding"]
    assert line_layer["x"]["title"] == "time (1)"
    assert line_layer["y"]["title"] == "error (1)"
    assert (line_layer["x"]["scale"]["type"], line_layer["y"]["scale"]["type"]) == ("linear", "log")


def test_colours_follow_the_role_and_the_subject_is_drawn_last():
    one = curve(
        line("mine", "subject", (1.0,)), line("world", "truth", (1.0,)), line("twin", "floor", (1.0,))
    )
    assert labels(one) == [("twin", "floor"), ("world", "truth"), ("mine", "subject")]
    assert colours(one, "light") == [ROLES["light"][r][0] for r in ("floor", "truth", "subject")]


def test_two_series_of_one_label_stay_two():
    one = curve(line("x", "subject", (1.0,)), line("x", "subject", (2.0,)))
    assert [label for label, _ in labels(one)] == ["x", "x (2)"]
    assert len(set(colours(one, "light"))) == 2


def test_what_a_logarithm_or_an_axis_cannot_show_is_left_out():
    one = curve(line("s", "subject", (0.0, None, -1.0, 2.0)), log="y")
    assert [(r["x"], r["y"]) for r in rows(one)] == [(3, 2.0)]
    band = line("s", "subject", (1.0, 1.0), low=(0.0, 0.5), high=(2.0, None))
    assert all("lo" not in r for r in rows(curve(band, log="y")))


def test_a_band_changes_the_template_and_an_empty_curve_still_draws():
    assert template_of(curve(line("s", "subject", (1.0, 1.0)))) == "line"
    assert (
        template_of(curve(line("s", "subject", (1.0, 1.0), low=(0.5, 0.5), high=(2.0, 2.0)))) == "line+band"
    )
    altair.Chart.from_dict(chart(curve()))


def test_one_point_is_drawn_as_a_dot_since_it_is_no_line():
    assert template_of(curve(line("s", "subject", (None, 1.0)), line("t", "truth", (2.0, None)))) == "dots"
    banded = curve(line("s", "subject", (1.0,), low=(0.5,), high=(2.0,)), line("t", "truth", (1.0,)))
    assert template_of(banded) == "dots+band"
    for one in (banded, curve(line("s", "subject", (1.0,)))):
        altair.Chart.from_dict(chart(one))
    assert template_of(curve(line("s", "subject", (None,)))) == "line"


def test_long_texts_are_broken_and_a_legend_has_no_more_columns_than_fit():
    long = "change of the variance of hus250, degree 4 (squared standard deviations)"
    spec = chart(curve(line("s", "subject", (1.0, 2.0)), title=long, note=long, y_label=long))
    for text, most in ((spec["title"]["text"], 38), (spec["title"]["subtitle"], 47)):
        assert " ".join(text) == long
        assert max(map(len, text)) <= most
    assert len(spec["layer"][0]["encoding"]["y"]["title"]) == 3
    names = ["hybrid, climate-invariant", "truth", "null", "peer"]
    assert legend_columns(names, 420) == 2
    assert legend_columns(names, 640) == 4
    assert legend_columns(names, 60) == 1
    assert legend_columns([], 420) == 1


def test_words_of_strangers_are_never_taken_for_slots():
    one = curve(line("$ink", "subject", (1.0,)), title="$rows", y_label="$title")
    spec = chart(one)
    assert spec["title"]["text"] == "$rows"
    assert spec["layer"][0]["encoding"]["y"]["title"] == "$title"
    assert spec["data"]["values"][0]["s"] == "$ink"


def test_a_raster_keeps_its_extent():
    (one,) = (c for c in curves_of("attractor", 0.5, np.random.default_rng(0), 10) if c.kind == "raster")
    drawn = rows(one)
    assert min(r["x"] for r in drawn) == 0.0
    assert max(r["y"] for r in drawn) < 60.0
    assert {r["s"] for r in drawn} == {"truth", "subject"}
