"""Runs made elsewhere: the starts go out, the runs come in, and whatever does not fit is one sentence."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from scipy.io import netcdf_file

from gnomon.adapters.callable import CallableRunner
from gnomon.adapters.declaration import read_declaration
from gnomon.adapters.files import FilesRunner, open_rollouts, start_arrays, starts_file
from gnomon.adapters.loading import model_of
from gnomon.core.runs import Unsupported
from gnomon.core.watch import Watch
from gnomon.spec.errors import BadData, BadModel, MissingExtra
from gnomon.spec.experiment import Experiment
from tests.adapters.lorenz import rk4

SEED = 7
H = 0.025


def step(state, forcing):
    return np.array(rk4(*state, forcing["rho"], H))


def outside(given):
    """An external model: it sees the starts file and nothing else."""
    meta = json.loads(str(given["meta"]))
    out = {"identity": given["identity"]}
    for place, size in meta["experiments"].items():
        now = np.stack([given[f"{place}/history/{v}"][:, :, -1] for v in "xyz"])
        kept = []
        for n in range((size["discard"] + size["steps"]) * size["stride"]):
            now = np.stack(rk4(*now, given[f"{place}/forcing/rho"][:, None, n], size["dt"]))
            if (n + 1) % size["stride"] == 0:
                kept.append(now)
        runs = np.stack(kept, axis=-1)[..., size["discard"] :]
        out |= {f"{place}/{v}": runs[i] for i, v in enumerate("xyz")}
    return out


@pytest.fixture
def given(world, experiment, starts):
    pieces = [start_arrays("forecast", world.card, experiment, starts, history=3, seed=SEED)]
    return dict(np.load(io.BytesIO(starts_file(world.card, pieces)), allow_pickle=False))


@pytest.fixture
def runs(given):
    return outside(given)


@pytest.fixture
def read(tmp_path, world, experiment, starts):
    def reading(arrays, *, declare=None, suffix=".npz", what=experiment, whose=starts):
        path = tmp_path / f"runs{suffix}"
        if suffix == ".npz":
            np.savez(path, **arrays)
        else:
            write_netcdf(path, arrays)
        rollouts = open_rollouts(path, read_declaration(declare or {}, "runs"), world.card)
        return FilesRunner(rollouts, world.card).run(what, whose, seed=SEED, watch=Watch())

    return reading


def write_netcdf(path, arrays):
    with netcdf_file(str(path), "w") as file:
        file.identity = str(arrays["identity"])
        for name, x in arrays.items():
            if name in ("identity",) or name.endswith("/units"):
                continue
            dims = ["unit", "member", "lead"][: x.ndim]
            for dim, size in zip(dims, x.shape, strict=True):
                if dim not in file.dimensions:
                    file.createDimension(dim, size)
            variable = file.createVariable(name.replace("/", "__"), x.dtype, dims)
            variable[:] = x
            if f"{name}/units" in arrays:
                variable.units = str(arrays[f"{name}/units"])


def test_the_starts_file_says_all_that_is_needed(given, experiment):
    assert given["forecast/forecast/history/x"].shape == (4, 2, 3)
    assert given["forecast/forecast/forcing/rho"].shape == (4, 40)
    meta = json.loads(str(given["meta"]))
    assert meta["world"] == "lorenz63"
    assert meta["variables"]["x"] == {"units": "1", "shape": []}
    assert meta["experiments"]["forecast/forecast"] == {
        "units": 4, "members": 2, "discard": 0, "steps": 40, "stride": 1, "dt": 0.025, "saves": "instant at its end",
    }  # fmt: skip


@pytest.mark.parametrize("suffix", [".npz", ".nc"])
def test_files_score_like_the_model_that_wrote_them(suffix, read, runs, world, experiment, starts):
    own = CallableRunner(model_of(step), world.card).run(experiment, starts, seed=SEED, watch=Watch())
    got = read(runs, suffix=suffix)
    for v in "xyz":
        np.testing.assert_allclose(got.obs[v], own.obs[v], rtol=1e-5)
        np.testing.assert_array_equal(got.initial[v], own.initial[v])
    np.testing.assert_array_equal(got.time, own.time)
    np.testing.assert_array_equal(got.diverged, own.diverged)


def test_names_and_units_are_mapped(read, runs):
    p = "forecast/forecast"
    mapped = {"identity": runs["identity"], f"{p}/a": runs[f"{p}/x"] / 10}
    mapped |= {f"{p}/{v}": runs[f"{p}/{v}"] for v in "yz"}
    declare = {"variables": {"a": {"name": "x", "units": "10", "scale": 10.0}, "y": {}, "z": {}}}
    np.testing.assert_allclose(read(mapped, declare=declare).obs["x"], read(runs).obs["x"], rtol=1e-6)


def test_what_is_not_in_the_file_is_unsupported(read, runs):
    other = Experiment(label="free", units=4, steps=10)
    got = read(runs, what=other)
    assert isinstance(got, Unsupported)
    tangent = Experiment(label="forecast", units=4, steps=10, outputs=("exponents",))
    assert isinstance(read(runs, what=tangent), Unsupported)


def test_another_start_is_refused(read, runs, starts):
    moved = starts._replace(history={k: v + 1.0 for k, v in starts.history.items()})
    with pytest.raises(BadData, match="was not run from these starts; write them again with gnomon starts"):
        read(runs, whose=moved)


def test_another_length_is_refused(read, runs):
    with pytest.raises(BadData, match="was not run from these starts"):
        read(runs, what=Experiment(label="forecast", units=4, steps=41, members=2))


def damage(runs, **changes):
    changed = dict(runs)
    for name, value in changes.items():
        if value is None:
            del changed[name]
        else:
            changed[name] = value
    return changed


P = "forecast/forecast"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({f"{P}/x": np.zeros((4, 2, 39))}, r"x has shape \(4, 2, 39\); expected \(4, 2, 40\)"),
        ({f"{P}/x": np.zeros((4, 40))}, r"x has shape \(4, 40\)"),
        ({f"{P}/x": None}, "has no array 'forecast/forecast/x'; did you mean"),
        ({f"{P}/x": np.full((4, 2, 40), np.nan)}, "x is not finite at unit 0, member 0, lead 0"),
        ({f"{P}/x": np.full((4, 2, 40), np.inf)}, "x is not finite"),
        ({f"{P}/x": np.zeros((4, 2, 40), complex)}, "holds complex128; expected real numbers"),
        ({f"{P}/x": np.zeros((4, 2, 40), "U3")}, "has no array|holds"),
        ({f"{P}/x/units": np.array("metre")}, "is in 'metre' but lorenz63 has 'x' in '1'; declare a scale"),
        ({"identity": None}, "does not say which starts it was run from"),
        ({"identity": np.array("hello")}, "is not the one of a starts file"),
        ({"identity": np.array("[1]")}, "is not the one of a starts file"),
        (
            {f"{P}/diverged": np.full((4, 2), -7)},
            "diverged holds -7; expected the first lost lead, 0 .. 39, or -1",
        ),
        ({f"{P}/diverged": np.full((4, 2), 1_000_000)}, "diverged holds 1e\\+06; expected"),
        ({f"{P}/diverged": np.full((4, 2), np.nan)}, "diverged holds nan; expected"),
        ({f"{P}/diverged": np.full((4, 2), 0.5)}, "diverged holds 0.5; expected"),
        ({f"{P}/{v}": None for v in "xyz"}, "holds no runs; expected arrays named"),
        ({f"{P}/diverged": np.zeros(3)}, r"diverged has shape \(3,\); expected \(4, 2\)"),
    ],
)
def test_what_does_not_fit_is_one_sentence(change, sentence, read, runs):
    with pytest.raises(BadData, match=sentence) as error:
        read(damage(runs, **change))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".npz", ".nc"])
def test_units_of_the_file_are_checked(suffix, read, runs):
    with pytest.raises(BadData, match="is in 'metre'"):
        read(damage(runs, **{f"{P}/y/units": np.array("metre")}), suffix=suffix)
    got = read(damage(runs, **{f"{P}/y/units": np.array("1")}), suffix=suffix)
    assert (got.diverged == -1).all()


def test_declared_divergence_is_a_result(read, runs):
    x = runs[f"{P}/x"].copy()
    x[1, 0, 10:] = np.nan
    lost = np.full((4, 2), -1)
    lost[1, 0] = 10
    got = read(damage(runs, **{f"{P}/x": x, f"{P}/diverged": lost}))
    assert got.diverged.tolist() == lost.tolist()
    assert np.isnan(got.obs["y"][1, 0, 10:]).all()
    assert np.isfinite(got.obs["y"][1, 0, :10]).all()


def test_a_run_that_escapes_is_divergence(read, runs):
    z = runs[f"{P}/z"].copy()
    z[2, 1, 5] = 1e9
    got = read(damage(runs, **{f"{P}/z": z}))
    assert got.diverged[2, 1] == 5


def npz_with(path, name, payload):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.npy", payload)


def header(shape, descr="<f8"):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"shape": shape, "fortran_order": False, "descr": descr})
    return buffer.getvalue()


def patched(path, changes, *, compressed=False):
    """A good file with bytes exchanged at places that are found by what stands before them."""
    (np.savez_compressed if compressed else np.savez)(path, **{f"{P}/x": np.arange(400.0)})
    data = bytearray(path.read_bytes())
    for mark, offset, new in changes:
        at = data.find(mark) + offset
        data[at : at + len(new)] = new
    path.write_bytes(data)


LOCAL, CENTRAL = b"PK\3\4", b"PK\1\2"
BROKEN = b"\x93NUMPY\1\0\x76\0" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (".ljust(117) + b"\n"


class Bomb:
    def __reduce__(self):
        return (open, ("ran", "w"))


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (lambda p: p.write_bytes(b""), "is empty"),
        (lambda p: p.write_bytes(b"hello"), "cannot be read as a .npz file"),
        (lambda p: p.write_bytes(b"PK\3\4" + b"\0" * 40), "cannot be read as a .npz file"),
        (lambda p: npz_with(p, "x", header((10**12,))), "claims"),
        (lambda p: npz_with(p, "x", header((-1, 3))), "cannot be read|claims|does not say"),
        (lambda p: npz_with(p, "x", BROKEN), "cannot be read as a .npz file"),
        (lambda p: npz_with(p, "x", BROKEN[:9]), "cannot be read as a .npz file"),
        (lambda p: patched(p, [(LOCAL, 6, b"\1"), (CENTRAL, 8, b"\1")]), "encrypted"),
        (lambda p: patched(p, [(LOCAL, 8, b"\x63"), (CENTRAL, 10, b"\x63")]), "compression method"),
        (
            lambda p: patched(p, [(b"x.npy", 30, b"\xff" * 60)], compressed=True),
            "cannot be read as a .npz file",
        ),
        (lambda p: npz_with(p, "x", b"not an array"), "cannot be read as a .npz file"),
        (lambda p: npz_with(p, "x", header((1,), "|O") + pickle.dumps([Bomb()])), "a pickle"),
        (lambda p: npz_with(p, "x", pickle.dumps(Bomb())), "cannot be read as a .npz file"),
    ],
)
def test_hostile_npz_files(write, sentence, tmp_path, world, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "runs.npz"
    write(path)
    with pytest.raises(BadData, match=sentence) as error:
        open_rollouts(path, read_declaration({}, "runs"), world.card)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "data",
    [b"", b"CDF", b"CDF\1" + b"\xff" * 60, b"CDF\1\0\0\0\1", b"\x89HDF\r\n\x1a\n" + b"\0" * 90],
)
def test_hostile_netcdf_files(data, tmp_path, world):
    path = tmp_path / "runs.nc"
    path.write_bytes(data)
    # NetCDF-4 needs an extra: where that is absent, saying so is the right answer to a file that claims to be one.
    with pytest.raises((BadData, MissingExtra)) as error:
        open_rollouts(path, read_declaration({}, "runs"), world.card)
    assert "\n" not in str(error.value)


def test_other_suffixes_and_absent_files(tmp_path, world):
    declared = read_declaration({}, "runs")
    with pytest.raises(BadData, match="no file"):
        open_rollouts(tmp_path / "absent.npz", declared, world.card)
    (tmp_path / "runs.csv").write_text("x")
    with pytest.raises(BadData, match=r"expected a \.npz or \.nc file"):
        open_rollouts(tmp_path / "runs.csv", declared, world.card)


def test_a_declaration_for_another_world_is_refused(tmp_path, world):
    with pytest.raises(BadModel, match="has no y, z; a model of lorenz63 needs x, y, z, each once"):
        open_rollouts(tmp_path / "runs.npz", read_declaration({"variables": {"x": {}}}, "runs"), world.card)
