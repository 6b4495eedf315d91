"""Pickles from strangers: what is plain comes through, everything else is refused before anything of it runs."""

import os
import pickle
import struct
import tracemalloc
from collections import OrderedDict
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gnomon.adapters import safe_pickle
from gnomon.adapters.safe_pickle import ALLOWED, Limits, read_plain_pickle
from gnomon.spec.errors import BadData


def _read(data: bytes, **limits):
    return read_plain_pickle(data, "x.pkl", Limits(**limits) if limits else Limits())


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_plain_data_and_arrays_come_through_as_pickle_reads_them(protocol):
    shared = np.arange(6.0, dtype=">f4").reshape(2, 3)
    content = {
        "text": "ψ" * 300, "none": None, "bits": (True, False), "numbers": [0, 255, 65_000, -3, 2**40, 1.5],
        "bytes": b"x" * 300, "empty": [(), [], {}], "c": shared, "again": [shared], "f": np.asfortranarray(shared),
        "half": np.ones((0, 4), np.float16), "flags": np.array([True, False]), "scalar": np.float64(2.5),
        "when": np.array(["1979-01-01T06", "NaT"], "datetime64[h]"), "deep": {"a": {"b": [{"c": (1,)}]}},
    }  # fmt: skip
    got, wanted = _read(pickle.dumps(content, protocol)), content
    assert list(got) == list(wanted)
    for key, value in wanted.items():
        if isinstance(value, np.ndarray):
            assert got[key].dtype == value.dtype.newbyteorder("="), key
            np.testing.assert_array_equal(got[key], value)
        elif key != "again":
            assert got[key] == value, key
    np.testing.assert_array_equal(got["again"][0], shared)
    assert got["c"].flags.writeable


def test_the_list_is_short_and_names_no_python_function():
    assert len(ALLOWED) == 9
    assert all(module.startswith(("numpy", "jax._src.array")) for module, _ in ALLOWED)


class _Calls:
    """Pickles as a call of whatever it is given."""

    def __init__(self, function, *args, state=None):
        self.recipe = (function, args) if state is None else (function, args, state)

    def __reduce__(self):
        return self.recipe


def _marker(path: Path) -> str:
    return f"touch {path}"


def _hostile(marker: Path) -> dict[str, object]:
    command = _marker(marker)
    return {
        "os.system": _Calls(os.system, command),
        "eval": _Calls(eval, "1 + 1"),
        "nested": {"params": [{"w": (_Calls(os.system, command),)}]},
        "as a key": {"a": 1, _Calls(os.system, command): 2},
        "partial": partial(os.system, command),
        "partial of an allowed one": partial(np.dtype, "f4"),
        "getattr": _Calls(getattr, "np", "load"),
        "numpy.load": _Calls(np.load, "x.npy", None, True),
        "fromfile": _Calls(np.fromfile, "/etc/hosts"),
        "class": OrderedDict,
        "ordered": OrderedDict(a=1),
        "an argument of an allowed one": _Calls(np.dtype, _Calls(os.system, command)),
        "a record": np.zeros(2, [("a", "f4"), ("b", "i8")]),
        "objects": np.array([{"a": 1}, None], dtype=object),
        "text array": np.array(["a", "b"]),
        "an open dtype": np.dtype("f8"),
        "path": Path("x"),
        "set": {1, 2},
        "complex": 1j,
        "memory map": _Calls(np.memmap, "x"),
    }


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("name", list(_hostile(Path("x"))))
def test_a_zoo_of_hostile_pickles_is_refused_and_runs_nothing(name, protocol, tmp_path):
    marker = tmp_path / "touched"
    data = pickle.dumps(_hostile(marker)[name], protocol)
    with pytest.raises(BadData, match=r"x\.pkl is refused: it holds .* plain data"):
        _read(data)
    assert not marker.exists()


def test_the_control_of_the_zoo_does_run(tmp_path):
    """Plain pickle runs the same file, so the zoo above is not harmless by accident."""
    marker = tmp_path / "touched"
    pickle.loads(pickle.dumps(_hostile(marker)["nested"]))
    assert marker.exists()


def test_the_refused_global_is_named():
    with pytest.raises(BadData, match=r"the global posix\.system"):
        _read(pickle.dumps(_Calls(os.system, "true")))
    with pytest.raises(BadData, match=r"publisher, or save it again"):
        _read(pickle.dumps(_Calls(os.system, "true")))


@pytest.mark.parametrize(
    "body",
    [
        b"\x8c\x05numpy\x8c\x0bdtype.__new__\x93.",  # a dotted name
        b"\x8c\x05NUMPY\x8c\x05dtype\x93.",
        b"\x8c\x06numpy \x8c\x05dtype\x93.",
        b"\x8c\x00\x8c\x05dtype\x93.",
        b"\x8c\x05numpy\x8c\x06d\xd1\x82ype\x93.",  # a Cyrillic letter
        b"K\x01\x8c\x05dtype\x93.",  # a module that is a number
        b"]\x8c\x05dtype\x93.",
        b"cnumpy\nload\n.",
        b"cbuiltins\nexec\n.",
        b"\x8c\x05\x1b[2Jx\x8c\x01y\x93.",  # escape codes for the terminal
    ],
)
def test_odd_names_are_refused_and_safe_to_print(body):
    with pytest.raises(BadData) as caught:
        _read(b"\x80\x04" + body)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("PERSID", b"Pabc\n."),
        ("BINPERSID", b"K\x01Q."),
        ("STRING", b"(S'true'\nios\nsystem\n."),
        ("OBJ", b"(cnumpy\ndtype\no."),
        ("NEWOBJ", b"cnumpy\ndtype\n)\x81."),
        ("EXT1", b"\x82\x01."),
        ("LONG", b"L1L\n."),
        ("FLOAT", b"F1.5\n."),
        ("DUP", b"]2a."),
        ("LONG4", b"\x8b\x04\x00\x00\x00\x01\x00\x00\x00."),
        ("NEXT_BUFFER", b"\x97."),
    ],
)
def test_instructions_that_are_not_needed_are_refused(name, body):
    with pytest.raises(BadData, match=rf"instruction {name}\b|the global|a call of"):
        _read(b"\x80\x02" + body)


def test_nothing_can_be_attached_to_an_allowed_word():
    for state in (b"}\x8c\x01xK\x01s", b"N}\x8c\x0c__defaults__K\x01s\x86"):
        with pytest.raises(BadData, match="a state for something"):
            _read(b"\x80\x04\x8c\x05numpy\x8c\x05dtype\x93" + state + b"b.")


def test_calls_of_what_is_not_a_word_are_refused():
    for body in (
        b"K\x01)R.",
        b"])R.",
        b"\x8c\x05numpy\x8c\x07ndarray\x93)R.",
        b"\x8c\x05numpy\x8c\x05dtype\x93]R.",
    ):
        with pytest.raises(BadData, match=r"not a function|types? None|of type"):
            _read(b"\x80\x04" + body)


def test_arrays_must_bring_exactly_the_bytes_they_need():
    array = np.arange(4, dtype="f8")
    data = pickle.dumps(array, 4)
    small = data.replace(b"K\x04\x85", b"K\x03\x85")  # claims 3
    huge = data.replace(b"K\x04\x85", b"\x8a\x06\x00\x00\x00\x00\x00\x40\x85")  # claims 2**46
    negative = data.replace(b"K\x04\x85", b"J\xfc\xff\xff\xff\x85")
    assert data not in (small, huge, negative)
    for bad in (small, huge):
        with pytest.raises(BadData, match="that needs"):
            _read(bad)
    with pytest.raises(BadData, match="without plain shape"):
        _read(negative)


def test_a_claim_of_much_memory_allocates_nothing():
    """A memo index, a text and a frame that claim gigabytes; the plain machine of C would allocate for the first."""
    for body in (
        b"Nr\xff\xff\xff\xff.",
        b"\x8d" + struct.pack("<Q", 2**62) + b"x.",
        b"B" + struct.pack("<I", 2**32 - 1) + b"x.",
        b"\x95" + struct.pack("<Q", 2**40) + b"N.",
    ):
        try:
            got = _read(b"\x80\x04" + body)
        except BadData as refused:
            got = None if "damaged" in str(refused) else refused
        assert got is None


def test_limits_hold():
    with pytest.raises(BadData, match="more than the 10"):
        _read(b"\x80\x04" + b"N" * 20 + b".", size=10)
    with pytest.raises(BadData, match="more than 100 instructions"):
        _read(pickle.dumps(list(range(200))), operations=100)
    shared = pickle.dumps([np.zeros(400)] * 20)  # one array in the file, twenty in the result
    with pytest.raises(BadData, match="arrays of more than 20000 bytes"):
        _read(shared, size=20_000)
    assert len(_read(shared, size=80_000)) == 20


def test_depth_and_bombs_end_in_an_error_not_in_a_crash():
    deep_list = b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b"."
    deep_tuple = b"\x80\x04)" + b"\x85" * 100_000 + b"."
    with pytest.raises(BadData, match="nested deeper"):
        _read(deep_list)
    with pytest.raises(BadData, match="nested deeper"):
        _read(deep_tuple)
    with pytest.raises(BadData, match="keys that are tuples"):  # hashing it would overflow the stack of C
        _read(b"\x80\x04})" + b"\x85" * 100_000 + b"K\x01s.")
    with pytest.raises(BadData, match="more than 1000 values"):
        _read(_laughs(), nodes=1000)
    cycle = b"\x80\x04]\x94h\x00a."
    with pytest.raises(BadData, match="nested deeper"):
        _read(cycle)


def _laughs() -> bytes:
    """A list of two references to a list of two references to … 30 deep: a billion values in 200 bytes."""
    value: list = [1, 1]
    for _ in range(29):
        value = [value, value]
    return pickle.dumps(value)


@pytest.mark.parametrize(
    "junk", [b"", b"\x00", b"PK\x03\x04zip", b"not a pickle", b"\x89HDF\r\n\x1a\n", b"."]
)
def test_what_is_no_pickle_is_told(junk):
    with pytest.raises(BadData, match=r"x\.pkl is (damaged|refused)"):
        _read(junk)


def test_every_truncation_is_told():
    data = pickle.dumps({"params": {"w": np.arange(5.0)}, "text": "abc"}, 4)
    for n in range(len(data)):
        with pytest.raises(BadData):
            _read(data[:n])


def test_every_single_damaged_byte_ends_in_data_or_in_bad_data():
    data = pickle.dumps({"params": {"w": np.arange(3.0)}, "n": [1, 2.5, None]}, 4)
    for at in range(len(data)):
        for flip in (0x01, 0x20, 0xFF):
            bent = bytearray(data)
            bent[at] ^= flip
            try:
                _read(bytes(bent))
            except BadData:
                continue


def test_trailing_bytes_and_open_marks():
    with pytest.raises(BadData, match="one object"):
        _read(b"\x80\x04NN.")
    with pytest.raises(BadData):
        _read(b"\x80\x04(N.")
    assert _read(pickle.dumps(7) + b"garbage behind the end") == 7


_U1 = b"cnumpy\ndtype\n\x8c\x02u1\x85R"


def _copies(count: int, size: int, way: str) -> bytes:
    """One blob, memoised, and so many arrays made of it."""
    blob = b"B" + struct.pack("<I", size) + b"\0" * size + b"q\x01"
    shape = b"J" + struct.pack("<i", size) + b"\x85"
    if way == "frombuffer":
        one = b"cnumpy.core.numeric\n_frombuffer\n(h\x01h\x02" + shape + b"\x8c\x01CtR"
    else:
        empty = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
        one = empty + b"(K\x01" + shape + b"h\x02\x89h\x01tb"
    return b"\x80\x04(" + blob + _U1 + b"q\x02" + one * count + b"t."


@pytest.mark.parametrize("way", ["frombuffer", "build"])
def test_copies_of_a_shared_blob_are_paid_for_before_they_are_made(way):
    size = 1 << 20
    data = _copies(200, size, way)
    tracemalloc.start()
    try:
        with pytest.raises(BadData, match="arrays of more than"):
            _read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * size
    with pytest.raises(
        BadData, match="a bare function or type"
    ):  # one copy is in order; the dtype beside it is not
        _read(_copies(1, size, way))


def _tuples(levels: int, fan: int) -> bytes:
    """A tuple of so many references to a tuple of so many references to … : exponential when it is shown."""
    if fan == 1:
        return b")" + b"\x85" * levels
    return b")q\x00" + b"h\x00\x86q\x00" * levels


@pytest.mark.parametrize(("levels", "fan"), [(5000, 1), (20, 2)])
def test_what_is_nested_is_never_shown(levels, fan):
    """20 doublings are a million values to show, each further one twice as many; 5000 levels overflow the stack."""
    nested = _tuples(levels, fan)
    # the state of a dtype, whose metadata are ({}, (unit, 1, 1, 1))
    size = b"J\xff\xff\xff\xff"
    state = b"(K\x04\x8c\x01<NNN" + size + size + b"K\x00}(" + nested + b"K\x01K\x01K\x01t\x86t"
    tracemalloc.start()
    try:
        with pytest.raises(BadData, match="an array of type tuple;"):
            _read(b"\x80\x04cnumpy\ndtype\n" + nested + b"\x85R.")
        with pytest.raises(BadData, match="a time of unknown unit"):
            _read(b"\x80\x04cnumpy\ndtype\n\x8c\x02M8\x85R" + state + b"b.")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


def test_jax_arrays_inside_each_other_are_refused():
    word = b"cjax._src.array\n_reconstruct_array\n"
    body = (b"(" + word) * 3000 + b"(NNNNt" + b"NNt" * 3000
    with pytest.raises(BadData, match="JAX array that is not made from"):
        _read(b"\x80\x04" + word + body + b"R.")


def test_an_axis_of_absurd_length_is_refused_before_it_is_printed():
    axis = b"\x8a\xff" + b"\x7f" * 255
    call = b"cnumpy.core.numeric\n_frombuffer\n(C\x01x" + _U1 + b"(" + axis * 16 + b"t\x8c\x01CtR."
    with pytest.raises(BadData, match="without plain shape"):
        _read(b"\x80\x04" + call)


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_a_machine_that_is_too_small_is_a_sentence(error, monkeypatch):
    def run(*_):
        raise error

    monkeypatch.setattr(safe_pickle._Machine, "run", run)
    with pytest.raises(BadData, match=r"x\.pkl asks for more memory"):
        _read(pickle.dumps(1))
