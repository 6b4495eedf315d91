"""Files that are there whole or not at all: atomic writing, guarded reading, errors in one line."""

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from gnomon.spec.errors import StoreError

TEMPORARY = re.compile(r"^\..+\.tmp$")
JSON_LIMIT = 256 * 2**20  # bytes; nothing plain that this package writes comes near it
ARRAYS_LIMIT = 64 * 2**30  # bytes, of one node before and after unpacking


class Damaged(Exception):
    """A file is not what was written; the message is the reason."""


def write_atomic(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, sync it and rename it into place.

    A reader sees the old file or the whole new one. On any error the temporary file is removed; an error of
    the operating system becomes a StoreError that names the file and the usual fix.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(6)}.tmp")
    try:
        make_folder(path.parent)
        try:
            with open(temporary, "x+b") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise cannot("write", path, error) from error


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, so that they survive a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder)
        sync_folder(folder.parent)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder durable; systems that cannot sync a folder (Windows) need not."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def open_regular(path: Path, limit: int) -> Iterator[BinaryIO]:
    """Open a plain file for reading; links, pipes, devices and giants are refused as damaged.

    A store may come from a stranger: a link could point anywhere and a pipe would block for ever.
    """
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise Damaged("is a link, expected a plain file") from None
        raise cannot("read", path, error) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Damaged("is not a plain file")
        if status.st_size > limit:
            raise Damaged(f"has {status.st_size} bytes, at most {limit} are read")
        yield file


def read_regular(path: Path, limit: int = JSON_LIMIT) -> bytes:
    """The bytes of a plain file; FileNotFoundError where there is none."""
    with open_regular(path, limit) as file:
        try:
            return file.read(limit + 1)
        except OSError as error:
            raise cannot("read", path, error) from error


def temporaries(folder: Path, older_than: float) -> Iterator[Path]:
    """Temporary files that a killed writer left, at least `older_than` seconds old."""
    now = time.time()
    for found in walk_files(folder):
        if TEMPORARY.match(found.name):
            with contextlib.suppress(OSError):
                if now - found.stat().st_mtime >= older_than:
                    yield found


def walk_files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in a fixed order, without following links."""
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in sorted(names):
            yield Path(parent, name)


def cannot(verb: str, path: Path, error: OSError) -> StoreError:
    """One clear line for an error of the operating system."""
    why = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        fix = "the disk is full; free some space and run again, finished work is kept"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        may = {"read": "read", "remove": "removed"}.get(verb, "written")
        fix = f"it may not be {may} by you; change the permissions or choose another --store"
    else:
        fix = "check the disk, then run again"
    return StoreError(f"cannot {verb} {path}: {why}; {fix}")
