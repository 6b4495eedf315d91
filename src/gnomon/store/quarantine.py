"""Quarantine: damaged files are moved aside with the reason, never deleted and never read again."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import NamedTuple

import msgspec

from gnomon.spec.errors import StoreError
from gnomon.store.files import make_folder, read_regular, write_atomic
from gnomon.store.sealed import encode

FOLDER = "quarantine"


class Found(NamedTuple):
    """A damaged file that was met.

    Attributes:
        path: where it was, relative to the store.
        reason: what is wrong with it.
        moved: whether it was moved aside; False where the store may not be written.
    """

    path: Path
    reason: str
    moved: bool


class Quarantine:
    """The damaged files of one store.

    On a read-only store nothing can be moved; what was found is then remembered for the life of this object, so
    that it is reported all the same.

    Attributes:
        met: every damaged file that this object came upon, in that order; so a check reports its own finds and no
            others.
    """

    def __init__(self, root: Path, *, movable: bool = True):
        self.root = root
        self.movable = movable
        self._seen: dict[str, str] = {}
        self.met: list[Found] = []

    def put(self, path: Path, reason: str) -> None:
        """Move a file aside. A file that vanished meanwhile (another process was quicker) is no concern."""
        relative = path.relative_to(self.root).as_posix()
        moved = self.movable and self._move(path, relative, reason)
        if moved is None:
            return
        if not moved:
            self._seen[relative] = reason
        self.met.append(Found(Path(relative), reason, moved))

    def _move(self, path: Path, relative: str, reason: str) -> bool | None:
        """Whether the file was moved; None where it was already gone."""
        aside = self.root / FOLDER / f"{relative.replace('/', '__')}.{secrets.token_hex(4)}"
        try:
            make_folder(aside.parent)
            os.rename(path, aside)
        except FileNotFoundError:
            return None
        except OSError:
            return False
        note = encode({"path": relative, "reason": reason}, "a quarantine note")
        with contextlib.suppress(StoreError):  # a full disk: the file is aside, only its note is lost
            write_atomic(aside.with_name(aside.name + ".reason"), lambda file: file.write(note))
        return True

    def listed(self) -> list[tuple[Path, str]]:
        """(where the file was, relative to the store; why it was moved), in a fixed order."""
        found = [(Path(path), reason) for path, reason in self._seen.items()]
        folder = self.root / FOLDER
        names = sorted(os.listdir(folder)) if folder.is_dir() else []
        for name in names:
            if name.endswith(".reason") or name.startswith("."):
                continue
            note = {"path": name.rpartition(".")[0].replace("__", "/"), "reason": "no reason was recorded"}
            with contextlib.suppress(Exception):  # a damaged note hides the reason, not the file
                read = msgspec.json.decode(read_regular(folder / f"{name}.reason"), type=dict[str, str])
                note.update(read)
            found.append((Path(note["path"]), note["reason"]))
        return found

    def empty(self) -> int:
        """Delete what was moved aside; the bytes freed."""
        folder = self.root / FOLDER
        freed = 0
        for name in sorted(os.listdir(folder)) if folder.is_dir() else []:
            with contextlib.suppress(OSError):
                freed += os.lstat(folder / name).st_size
                os.unlink(folder / name)
        self._seen.clear()
        return freed
