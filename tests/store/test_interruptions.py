"""Full disks, read-only folders and kills at any moment: an error in one line, and nothing half-written."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gnomon.spec.errors import StoreError
from gnomon.spec.identity import identity
from gnomon.store import files
from gnomon.store.results import Store
from tests.store.plain import details, result

NODE = identity("runs", "n")
ERRORS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EACCES: "may not be written by you",
    errno.EROFS: "may not be written by you",
    errno.EIO: "check the disk",
}


def fail_in(monkeypatch, where, code):
    """Let one call of the operating system fail, as it does on a full or read-only disk."""

    def fail(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    if where == "write":
        real = open

        def opened(path, mode="r", *args, **kwargs):
            file = real(path, mode, *args, **kwargs)
            return _FullFile(file, code) if "x" in mode else file

        monkeypatch.setattr(files, "open", opened, raising=False)
    elif where == "open":
        monkeypatch.setattr(files, "open", fail, raising=False)
    else:
        monkeypatch.setattr(files.os, where, fail)


class _FullFile:
    """A file that takes a few bytes and then no more."""

    def __init__(self, file, code):
        self.file, self.code = file, code

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, data):
        self.file.write(bytes(data)[:10])
        self.file.flush()
        raise OSError(self.code, os.strerror(self.code))


def everything(root: Path) -> dict[str, bytes]:
    """All files of a store."""
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("where", ["open", "write", "fsync", "replace", "mkdir"])
@pytest.mark.parametrize("code", ERRORS, ids=lambda code: errno.errorcode[code])
def test_what_cannot_be_written_leaves_nothing(tmp_path, monkeypatch, where, code):
    store = Store(tmp_path / "store")
    before = everything(store.root)
    writes = [
        lambda: store.put_result(result(), details()),
        lambda: store.put_node("runs", NODE, {"a": np.arange(1000.0)}, {}),
        lambda: store.put_study("q", [result().id], {}),
    ]
    for write in writes:
        with monkeypatch.context() as patch:
            fail_in(patch, where, code)
            with pytest.raises(StoreError) as caught:
                write()
        assert ERRORS[code] in str(caught.value)
        assert "\n" not in str(caught.value)
        assert everything(store.root) == before
    assert store.get_result(result().id) is None
    assert not store.has_node("runs", NODE)
    for write in writes:
        write()
    assert store.get_details(result().id) == details()
    assert store.quarantined() == []


def test_an_old_result_survives_a_failed_replacement(tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    old = store.put_result(result())
    before = everything(store.root)
    with monkeypatch.context() as patch:
        fail_in(patch, "replace", errno.ENOSPC)
        with pytest.raises(StoreError):
            store.put_result(result(fidelity=0.1))
    assert everything(store.root) == before
    assert store.get_result(old.id) == old


def test_a_result_waits_for_its_details(tmp_path, monkeypatch):
    """Killed between the two, the case counts as not run."""
    store = Store(tmp_path / "store")
    real, calls = os.replace, []

    def second_fails(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", second_fails)
        with pytest.raises(StoreError):
            store.put_result(result(), details())
    assert "details" in str(calls[0])
    assert store.get_result(result().id) is None
    [left] = store.gc(grace=0).paths
    assert left.parent == Path("details") / result().id[:2]
    assert left.name.startswith(result().id)


def test_a_damaged_file_in_a_read_only_store_is_reported(tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    stored = store.put_result(result())
    path = store.root / "results" / stored.id[:2] / f"{stored.id}.json"
    path.write_bytes(b"torn")

    def refuse(*args):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "rename", refuse)
    assert store.get_result(stored.id) is None
    assert [where for where, _ in store.quarantined()] == [path.relative_to(store.root)]


WRITER = """
import sys
import numpy as np
from gnomon.spec.identity import identity
from gnomon.store.results import Store
from tests.store.plain import details, result
store = Store(sys.argv[1])
print("up", flush=True)
for seed in range(10_000):
    store.put_node("runs", identity("runs", seed), {"a": np.full(500, float(seed))}, {"recipe": {"seed": seed}})
    store.put_result(result(seed, nodes="runs/" + identity("runs", seed)), details())
"""


def test_a_writer_killed_at_any_moment_leaves_a_sound_store(tmp_path):
    moments = random.Random(7)
    root = tmp_path / "store"
    here = str(Path(__file__).parents[2])
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root)], stdout=subprocess.PIPE, cwd=here
        ) as writer:
            assert writer.stdout.readline() == b"up\n"
            time.sleep(moments.uniform(0.01, 0.4))
            writer.send_signal(signal.SIGKILL)
        store = Store(root)
        found = store.verify()
        assert found.damaged == ()
        assert found.results == len(list(store.ids()))
        for stored in store.results():
            [(kind, name)] = [n.split("/") for n in stored.provenance["nodes"].split()]
            assert store.get_node(kind, name).arrays["a"][0] == stored.case["seed"]
    assert found.results > 0
    store.gc(grace=0)
    assert [p for p in root.rglob("*.tmp")] == []
    assert {p.suffix for p in root.rglob("*") if p.is_file()} == {".json", ".npz"}
    assert len(list(store.nodes())) == found.results
