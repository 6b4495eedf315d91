"""Quarantine: damaged files are moved aside with the reason, never deleted and never read again."""

import contextlib
import os
import secrets
from pathlib import Path

import msgspec

from gnomon.spec.errors import StoreError
from gnomon.store.files import make_folder, read_regular, write_atomic
from gnomon.store.sealed import encode

FOLDER = "quarantine"


class Quarantine:
    """The damaged files of one store.

    On a read-only store nothing can be moved; what was found is then remembered for the life of this object, so
    that it is reported all the same.
    """

    def __init__(self, root: Path, *, movable: bool = True):
        self.root = root
        self.movable = movable
        self._seen: dict[str, str] = {}

    def put(self, path: Path, reason: str) -> None:
        """Move a file aside. A file that vanished meanwhile (another process was quicker) is no concern."""
        relative = path.relative_to(self.root).as_posix()
        if not self.movable:
            self._seen[relative] = reason
            return
        aside = self.root / FOLDER / f"{relative.replace('/', '__')}.{secrets.token_hex(4)}"
        note = encode({"path": relative, "reason": reason}, "a quarantine note")
        try:
            make_folder(aside.parent)
            os.rename(path, aside)
            write_atomic(aside.with_name(aside.name + ".reason"), lambda file: file.write(note))
        except FileNotFoundError:
            return
        except (OSError, StoreError):
            self._seen[relative] = reason

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
