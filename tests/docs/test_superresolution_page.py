"""The page of super-resolution: its tables say what the rows say."""

import csv

import numpy as np
import pytest

from docs import superresolution_page as page
from gnomon.learners.field_sharpener import FieldSharpening
from gnomon.numerics.refinement import plane_refinement
from validation.superresolution.__main__ import write
from validation.superresolution.comparison import Scored, kept_name
from validation.superresolution.fields import Fields, Plan


def rows(world="navier_stokes"):
    """Three units, two seeds; the first network recovers a tenth more than the second in every unit and seed."""
    shared = {"world": world, "grids": "64 x 64 to 16 x 16 points", "channel": "vorticity"}
    units = []
    for unit in range(3):
        for method, seeds, share in (
            ("zero-filling", 1, 0.0), ("bicubic", 1, -0.2), ("analogues", 1, 0.1), ("sidert", 2, 0.3), ("unet", 2, 0.2),
        ):  # fmt: skip
            for seed in range(seeds):
                value = share + (0.01 * unit + 0.02 * seed if seeds == 2 else 0.0)
                relative = "" if method == "analogues" else 0.3 - 0.1 * value
                units.append(
                    shared
                    | {"method": method, "seed": seed, "unit": unit, "relative": relative, "recovered": value}
                )
    waves = [
        {"world": world, "channel": "vorticity", "method": m, "seed": 0, "wave": w, "error_share": 0.1 * w}
        for m in ("zero-filling", "bicubic", "sidert", "unet")
        for w in (1, 2, 3)
    ]
    training = [
        {"world": world, "method": m, "seed": s, "fields": 64, "weights": 1234567, "updates": 10,
         "batch": 2, "rate": 1e-3, "validation": 0.9, "cpu_seconds": 1.5}
        for m in ("sidert", "unet")
        for s in (0, 1)
    ]  # fmt: skip
    return Scored(units, waves, training)


def test_tables_pair_units_and_seeds(tmp_path):
    write("navier_stokes", rows(), tmp_path)
    told = page.read(tmp_path)
    lines = page.tables(told, "navier_stokes")
    assert (
        "| sidert - unet | 0.1000 | -0.0100 |" in lines
    )  # the same in every unit and seed: no variance, no interval
    assert any(line.startswith("| analogues |  |  | at least 0.1000") for line in lines)
    scored = next(line for line in lines if line.startswith("| sidert | 2 |"))
    assert "0.3200 [" in scored
    np.testing.assert_allclose(
        page.matrix(told.units, "vorticity", "unet", "recovered"), [[0.2, 0.22], [0.21, 0.23], [0.22, 0.24]]
    )
    assert page.matrix(told.units, "vorticity", "analogues", "relative") is None


def test_a_world_is_written_anew_and_others_are_kept(tmp_path):
    write("navier_stokes", rows(), tmp_path)
    write("held_suarez", rows("held_suarez"), tmp_path)
    write("held_suarez", rows("held_suarez"), tmp_path)
    with (tmp_path / "superresolution.csv").open(newline="") as file:
        worlds = [row["world"] for row in csv.DictReader(file)]
    assert (worlds.count("navier_stokes"), worlds.count("held_suarez")) == (21, 21)


def test_the_conclusion_is_by_intervals_of_paired_differences():
    rng = np.random.default_rng(0)
    units = rng.normal(0.5, 0.3, (8, 1))  # units differ much more than methods do
    mine = units + rng.normal(0, 0.01, (8, 3))
    values = {
        ("zero-filling", "recovered"): np.zeros((8, 1)),
        ("worse", "recovered"): mine - 0.1 + rng.normal(0, 0.01, (8, 3)),
        ("better", "recovered"): mine + 0.1 + rng.normal(0, 0.01, (8, 3)),
        ("alike", "recovered"): mine + rng.normal(0, 0.2, (8, 3)) * [1, -1, 1], ("sidert", "recovered"): mine,
    }  # fmt: skip
    said = page.conclusion(values)[0]
    assert "more than zero-filling" in said
    assert "less than better;" in said
    assert said.endswith("as far as told, than alike.")
    assert page.conclusion({("unet", "recovered"): mine}) == []


def test_missing_tables_are_said(tmp_path):
    with pytest.raises(SystemExit, match="is not there"):
        page.read(tmp_path)


def test_the_figure_draws_every_method(tmp_path):
    spec = page.figure(page.read(_written(tmp_path)).waves)
    drawn = {v["method"] for v in spec["data"]["values"]}
    assert drawn == {"zero-filling", "bicubic", "sidert", "unet"}
    assert sorted({v["share"] for v in spec["data"]["values"]}) == pytest.approx([0.1, 0.2, 0.3])


@pytest.mark.slow
def test_the_page_is_written(tmp_path):
    page.main(_written(tmp_path), tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    assert "## navier_stokes: 64 x 64 to 16 x 16 points" in text
    assert "| navier_stokes | sidert | 64 | 1,234,567 | 10 x 2 | 0.001 | 1.5, 1.5 | 0.9, 0.9 |" in text
    assert "<svg" in (tmp_path / page.FIGURE).read_text()


def _written(folder):
    write("navier_stokes", rows(), folder)
    return folder


def test_a_kept_guess_is_another_for_other_fields_plans_and_settings():
    plan, way = Plan((1, 1, 1), 2, 4, 160, 2), FieldSharpening()
    fine = np.zeros((3, 2, 8, 8, 1), np.float32)
    fields = Fields(plane_refinement((8, 8), (4, 4)), ("vorticity",), fine, plan, "8 x 8 to 4 x 4 points")
    own = kept_name("navier_stokes", fields, "sidert", way, 0)
    assert own == kept_name(
        "navier_stokes", fields._replace(fine=fine.copy()), "sidert", FieldSharpening(), 0
    )
    others = {
        kept_name("navier_stokes", fields._replace(**changed), "sidert", way, 0)
        for changed in (
            {"fine": fine + 1}, {"plan": plan._replace(apart=5)}, {"plan": plan._replace(spinup=170)},
            {"plan": plan._replace(trajectories=(1, 2, 1))}, {"told": "8 x 8 to 2 x 2 points"},
        )
    } | {
        kept_name("navier_stokes", fields, "sidert", FieldSharpening(**changed), 0)
        for changed in ({"halo": 4}, {"rates": (1e-2,)}, {"snapshots": 3}, {"trial": 0.2}, {"width": 4})
    }  # fmt: skip
    others |= {kept_name(w, fields, n, way, s) for w, n, s in (
        ("held_suarez", "sidert", 0), ("navier_stokes", "unet", 0), ("navier_stokes", "sidert", 1),
    )}  # fmt: skip
    assert len(others) == 13
    assert own not in others
