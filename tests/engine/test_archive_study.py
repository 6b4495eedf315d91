"""Files held against files, from trees with planted numbers to scores in a store."""

import shutil

import numpy as np
import pytest

from gnomon.engine.archive_study import files_study, missing, put_in, run_files
from gnomon.engine.archive_world import Archive, FileCollection
from gnomon.spec.errors import BadData, BadModel, BadSpec
from gnomon.spec.registry import build
from gnomon.spec.shelf import find_study
from gnomon.spec.study import read_study
from gnomon.store.results import Store
from tests.engine.archive_trees import write_tree

WARMINGS = (0, 2, 4)


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    root = tmp_path_factory.mktemp("trees")
    write_tree(root / "reference", "Truth", members=3, warmings=WARMINGS, daily=True, seed=1)
    write_tree(root / "single", "Truth", warmings=(0,), seed=1)
    write_tree(root / "good", "Good", warmings=WARMINGS, daily=True, seed=2)
    write_tree(
        root / "bad", "Bad", warmings=WARMINGS, daily=True, seed=3, bias=6.0, trend=0.0, response=0.2,
        sensitivity=0.3, noise=1.0,
    )  # fmt: skip
    return root


def scores(store, done):
    """(learner, measure) -> score."""
    return {(r.case["learner"]["kind"], s.measure): s for r in store.results(done.study) for s in r.scores}


@pytest.fixture(scope="module")
def held(trees, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    return {
        which: scores(
            store, run_files(trees / which, against=trees / "reference", store=store, progress=False)
        )
        for which in ("good", "bad")
    }


CRITERIA = ("aimip_e1", "aimip_e2", "aimip_e3", "aimip_e4", "aimip_e5")


@pytest.mark.parametrize("criterion", CRITERIA)
def test_another_draw_of_the_reference_is_as_good_as_the_reference(held, criterion):
    score = held["good"]["collection", criterion]
    assert (score.status, score.reason) == ("ok", None)
    assert score.fidelity.value == pytest.approx(1, abs=0.1)
    assert score.fidelity.low < 1.02


@pytest.mark.parametrize("criterion", CRITERIA)
def test_controls_stand_where_they_must(held, criterion):
    for which in ("good", "bad"):
        assert held[which]["perfect", criterion].fidelity.value == pytest.approx(1, abs=0.1)
        assert held[which]["null", criterion].fidelity.value == pytest.approx(0, abs=0.25)


def test_planted_faults_are_seen_at_their_size(held):
    found = {c: held["bad"]["collection", c].fidelity.value for c in CRITERIA}
    assert found["aimip_e2"] == pytest.approx(0, abs=0.3)  # no trend at all
    assert found["aimip_e3"] == pytest.approx(1 - 0.8**2, abs=0.15)
    assert found["aimip_e4"] < 0.7  # twice the spread
    assert found["aimip_e5"] == pytest.approx(1 - 0.7**2, abs=0.15)
    assert found["aimip_e1"] < 0.8
    clear = (c for c in CRITERIA if c != "aimip_e2")  # eight blocks leave a trend's interval wide
    assert all(held["bad"]["collection", c].fidelity.high < 0.98 for c in clear)


def test_a_period_without_years_is_unsupported(held):
    score = held["good"]["collection", "aimip_e1 2015-2024"]
    assert score.status == "unsupported"
    assert "years in both: 1991-2014" in score.reason


def test_one_member_takes_its_own_years_for_a_floor(trees, tmp_path):
    store = Store(tmp_path / "store")
    done = run_files(trees / "good", against=trees / "single", store=store, progress=False)
    got = scores(store, done)
    for criterion in ("aimip_e1", "aimip_e2", "aimip_e3"):
        assert got["collection", criterion].fidelity.value == pytest.approx(1, abs=0.15), criterion
        assert got["perfect", criterion].fidelity.value == pytest.approx(1, abs=0.15), criterion
    assert got["collection", "aimip_e5"].status == "unsupported"
    assert "the reference has no such files" in got["collection", "aimip_e5"].reason
    assert any("not asked (shift+2): reference" in w for w in done.warnings)
    assert got["collection", "aimip_e4"].status == "unsupported"


def test_warmed_runs_may_lie_elsewhere(trees, tmp_path):
    store = Store(tmp_path / "store")
    done = run_files(
        trees / "good", against=trees / "single", warmed=trees / "reference", store=store, trials=("shift",),
        progress=False,
    )  # fmt: skip
    assert scores(store, done)["collection", "aimip_e5"].fidelity.value == pytest.approx(1, abs=0.1)


def test_nothing_is_done_twice_and_other_files_are_another_case(trees, tmp_path):
    store, own = Store(tmp_path / "store"), tmp_path / "own"
    shutil.copytree(trees / "good", own)
    again = {"against": trees / "single", "store": store, "trials": ("response",), "progress": False}
    first = run_files(own, **again)
    second = run_files(own, **again)
    assert (first.study, second.summary.already) == (second.study, second.summary.cases)
    shutil.rmtree(own)
    write_tree(own, "Good", seed=9)
    third = run_files(own, **again)
    assert third.study != first.study
    assert third.results[0].id != first.results[0].id


def test_files_that_change_after_the_plan_are_refused(trees, tmp_path, monkeypatch):
    identities = iter(["before"] * 2 + ["after"] * 9)
    monkeypatch.setattr(FileCollection, "identity", lambda self: next(identities))
    store = Store(tmp_path / "store")
    done = run_files(
        trees / "good", against=trees / "single", store=store, trials=("response",), progress=False
    )
    assert done.results[0].status == "failed"
    assert "have changed since this case was planned" in done.results[0].reason


def test_no_year_or_variable_in_both(trees, tmp_path):
    store = Store(tmp_path / "store")
    early = write_tree(tmp_path / "early", "Early", years=(1950, 1953), variables=("tas", "ts"))
    with pytest.raises(
        BadData, match="no whole year is in both: the reference has 1991-2014, the files 1950-1953"
    ):
        run_files(early, against=trees / "single", store=store, trials=("response",), progress=False)
    assert not store.studies()
    rain = write_tree(tmp_path / "rain", "Rain", variables=("pr",))
    heat = write_tree(tmp_path / "heat", "Heat", variables=("tas",))
    done = run_files(rain, against=heat, store=store, trials=("response",), progress=False)
    assert "no variable in both: the reference has tas, the files pr" in done.results[0].scores[0].reason


def test_missing_variables_and_short_records_are_said(trees, tmp_path):
    store = Store(tmp_path / "store")
    few = write_tree(tmp_path / "few", "Few", years=(2009, 2014), variables=("tas",))
    done = run_files(few, against=trees / "single", store=store, trials=("response",), progress=False)
    assert any("the files lack pr, ta850, ta500, ts" in w for w in done.warnings)
    assert any("only 6 whole years" in w for w in done.warnings)


def test_missing_values_lose_years_not_the_case(trees, tmp_path):
    import netCDF4

    own = tmp_path / "own"
    shutil.copytree(trees / "good", own)
    (file,) = own.rglob("tas_Amon_Good_aimip_r1i1p1f1_gn_199101-201412.nc")
    with netCDF4.Dataset(file, "a") as data:
        data["tas"][30] = np.nan
    store = Store(tmp_path / "store")
    done = run_files(own, against=trees / "single", store=store, trials=("response",), progress=False)
    score = next(s for s in done.results[0].scores if s.measure == "aimip_e2")
    assert (score.diverged, score.n) == (1, 8)
    assert "1 of 8 units diverged" in score.reason


def test_a_damaged_file_fails_with_its_name(trees, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(trees / "good", own)
    (file,) = own.rglob("tas_Amon_Good_aimip_r1i1p1f1_gn_199101-201412.nc")
    file.write_bytes(file.read_bytes()[:3000])
    store = tmp_path / "store"
    with pytest.raises(BadData, match="tas_Amon_Good_aimip"):
        run_files(own, against=trees / "single", store=Store(store), trials=("response",), progress=False)
    assert not list((store / "results").glob("*"))


def test_what_the_doctor_calls_an_error_is_not_tested(trees, tmp_path):
    import netCDF4

    own = tmp_path / "own"
    shutil.copytree(trees / "single", own)
    (file,) = own.rglob("tas_Amon_Truth_aimip_r1i1p1f1_gn_199101-201412.nc")
    with netCDF4.Dataset(file, "a") as data:
        data["tas"].units = "furlong"
    for files, against in ((own, trees / "single"), (trees / "single", own)):
        with pytest.raises(BadData, match=r"unknown_units.*gnomon doctor .*own tells all"):
            files_study(files, against=against)
    with pytest.raises(BadData, match=r"gnomon doctor .*own tells all"):
        files_study(trees / "good", against=trees / "single", warmed=own)


def test_mixed_grids_are_not_tested(trees, tmp_path):
    xr = pytest.importorskip("xarray")
    own = tmp_path / "own"
    shutil.copytree(trees / "single", own)
    (file,) = own.rglob("tas_Amon_Truth_aimip_r1i1p1f1_gn_199101-201412.nc")
    coarse = xr.load_dataset(file, decode_times=False).coarsen(lon=2).mean()
    file.unlink()
    coarse.to_netcdf(file)
    with pytest.raises(BadData, match=r"mixed_grids.*tells all"):
        files_study(own, against=trees / "single")


def test_the_reference_against_itself_is_said_to_show_nothing(trees, tmp_path):
    copied = shutil.copytree(trees / "single", tmp_path / "copied")
    said = "the files are the reference itself: this shows nothing"
    for files, expected in ((trees / "single", True), (copied, True), (trees / "good", False)):
        made = files_study(files, against=trees / "single", trials=("response",))
        found = missing(Archive(str(trees / "single")), FileCollection(str(files)), ("response",))
        assert (said in found) is expected, made.name


@pytest.mark.slow
def test_one_dask_worker_or_two_give_the_same_numbers(trees, tmp_path):
    told = []
    for workers in (1, 2):
        store = Store(tmp_path / f"store-{workers}")
        done = run_files(
            trees / "good",
            against=trees / "reference",
            store=store,
            cluster="local",
            workers=workers,
            progress=False,
        )
        assert done.summary.outcomes == {"ok": 9}
        told.append({k: (s.discrepancy, s.null, s.floor, s.fidelity) for k, s in scores(store, done).items()})
    assert told[0] == told[1]


def test_the_study_must_be_about_files(trees, tmp_path):
    study = read_study(find_study("aimip"))
    with pytest.raises(BadSpec, match="needs one world 'archive' and one learner 'collection'"):
        put_in(read_study(find_study("quickstart")), str(trees / "good"), {})
    with pytest.raises(BadSpec, match="asks nothing under cost; it has climate, response, shift"):
        put_in(study, str(trees / "good"), {}, trials=("cost",))
    made = put_in(study, str(trees / "good"), {"path": "x", "warmed": "", "degrees": 5.0}, name="mine")
    assert made.worlds[0].args == {"path": "x", "degrees": 5.0}
    assert made.learners[0].label == "mine"


def test_files_of_the_environment(monkeypatch, trees):
    world = build("worlds", "archive", {"path": "$AIMIP_REFERENCE"})
    with pytest.raises(BadData, match="set the environment variable AIMIP_REFERENCE"):
        _ = world.card
    monkeypatch.setenv("AIMIP_REFERENCE", str(trees / "reference"))
    card = Archive("$AIMIP_REFERENCE").card
    assert (card.name, card.rung, card.knobs) == ("Truth", "archive", ())
    assert {v.name: v.units for v in card.variables}["pr"] == "kg m-2 s-1"


def test_files_have_nothing_to_run(trees):
    subject = FileCollection(str(trees / "good"))
    with pytest.raises(BadModel, match="against other files only"):
        subject.runner(Archive(str(trees / "single")).card)
    assert (
        subject.log(Archive(str(trees / "single")).card)["declared"]["experiments"]["aimip"]["members"] == 1
    )
