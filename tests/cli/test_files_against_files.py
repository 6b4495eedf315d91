"""`gnomon test FILES --against FILES` and `gnomon doctor FILES`, from trees of files to an HTML page."""

import pytest

from gnomon.cli.main import outcome
from gnomon.store.results import Store
from tests.engine.archive_trees import write_tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("files")
    write_tree(place / "reference", "Truth", members=2, warmings=(0, 2), seed=1)
    write_tree(place / "own", "Own", warmings=(0, 2), seed=2)
    return place


@pytest.fixture
def say(capsys, folder, monkeypatch):
    monkeypatch.chdir(folder)

    def saying(*tokens):
        code = outcome(list(tokens))
        got = capsys.readouterr()
        return code, got.out, got.err

    return saying


def test_from_two_trees_to_a_page(say, folder):
    code, out, err = say("test", "own", "--against", "reference", "--quiet")
    assert code == 0, err
    assert "reference" in out
    assert "full report" in out
    assert "warning: not asked (shift+4): reference" in err
    assert "aimip_e4: unsupported" in err
    (name,) = Store(folder / "results").studies()
    assert name.startswith("aimip-Own-")
    page = (folder / "results" / f"{name}.html").read_text()
    for word in ("archive", "aimip_e1", "aimip_e5", "Own"):
        assert word in page
    rungs = {r.provenance["rung"] for r in Store(folder / "results").results(name)}
    assert rungs == {"archive"}


def test_nothing_is_computed_twice(say):
    first = say("test", "own", "--against", "reference", "--trials", "shift", "--quiet", "--name", "mine")
    again = say("test", "own", "--against", "reference", "--trials", "shift", "--quiet", "--name", "mine")
    assert (first[0], again[0]) == (0, 0)
    assert "0 of 3 cases run" in again[2]


def test_the_shipped_study_takes_its_files_from_the_environment(say, monkeypatch):
    code, _, err = say("run", "aimip", "--plan")
    assert code == 2
    assert "set the environment variable AIMIP_FILES" in err
    monkeypatch.setenv("AIMIP_FILES", "own")
    monkeypatch.setenv("AIMIP_REFERENCE", "reference")
    code, out, err = say("run", "aimip", "--plan")
    assert (code, err) == (0, "")
    assert "to run: training data    0" in out
    assert "to run: cases            9" in out


@pytest.mark.parametrize(
    ("tokens", "word"),
    [
        (["test", "absent", "--against", "reference"], "no file or folder absent"),
        (["test", "own", "--against", "absent"], "no file or folder absent"),
        (["test", "own"], "--against FILES"),
        (["test", "own", "--against", "reference", "--study", "quickstart"], "needs one world 'archive'"),
        (["test", "own", "--against", "reference", "--trials", "cost"], "it has climate, response, shift"),
        (["doctor", "absent"], "absent"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(say, folder, tokens, word):
    before = sorted(p.name for p in folder.iterdir())
    code, out, err = say(*tokens, *([] if tokens[0] == "doctor" else ["--store", "new", "--quiet"]))
    assert (code, out) == (2, "")
    assert word in err
    assert err.count("\n") == 1
    assert sorted(p.name for p in folder.iterdir()) == before


def test_files_without_a_year_in_common_or_of_a_region_leave_nothing(say, folder, tmp_path):
    write_tree(tmp_path / "early", "Early", years=(1961, 1963), variables=("tas",))
    (tmp_path / "regional").mkdir()
    xr = pytest.importorskip("xarray")
    (file,) = (tmp_path / "early").rglob("tas_*.nc")
    xr.load_dataset(file, decode_times=False).isel(lon=slice(0, 9)).to_netcdf(
        tmp_path / "regional" / file.name
    )
    before = sorted(p.name for p in folder.iterdir())
    for own, said in (("early", "no whole year is in both"), ("regional", "E, not the globe (not_global)")):
        code, out, err = say(
            "test", str(tmp_path / own), "--against", "reference", "--store", "new", "--quiet"
        )
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert said in err
        assert ("gnomon doctor" in err) is (own == "regional")
    assert sorted(p.name for p in folder.iterdir()) == before


def test_the_doctor_looks_over_files(say, folder):
    code, out, err = say("doctor", "own")
    assert code == 0
    assert "warning missing_variable" in out
    assert "fix:" in out
    assert "sampled:" in err
    (damaged := folder / "damaged").mkdir()
    (file,) = (folder / "own").rglob("tas_Amon_Own_aimip_r1i1p1f1_gn_*.nc")
    (damaged / file.name).write_bytes(file.read_bytes()[:2000])
    code, out, _ = say("doctor", "damaged")
    assert code == 1
    assert "ERROR damaged" in out
    assert "1 error" in out


def test_help_names_both_ways(say):
    code, out, _ = say("test", "--help")
    assert code == 0
    assert "--against" in out
    assert "--warmed" in out
