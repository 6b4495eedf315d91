"""Files and stores behind addresses (gs://, s3://, https://, memory://), through fsspec."""

import re
from pathlib import Path
from typing import Any

from gnomon.archives import packages
from gnomon.archives.packages import one_line
from gnomon.archives.public import STORES, Public
from gnomon.spec.errors import BadData, GnomonError

MOST_FILES = 200_000
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+(::|://)")


def is_address(text: str) -> bool:
    """Whether a text is for fsspec, as in gs://bucket/store.zarr, and not a path."""
    return bool(_ADDRESS.match(text))


def resolve(text: str) -> str:
    """The address behind the name of a public store; anything else as it stands."""
    if text in STORES and not Path(text).exists():
        return STORES[text].url
    return text


def options(place: str) -> dict[str, object]:
    """What fsspec must be told to reach an address: nothing, unless it lies in a public store."""
    store = _public(place)
    return dict(store.options) if store else {}


def system_of(place: str) -> tuple[Any, str]:
    """The file system behind an address, and the path there.

    Raises:
        BadData: for a protocol nobody knows, or whose package is not installed.
    """
    store = _public(place)
    try:
        system, root = packages.fsspec().core.url_to_fs(place, **options(place))
    except ImportError:
        need = store.protocol_package if store else "gcsfs or s3fs"
        raise BadData(
            f"{place} needs {need}, which is not installed: pip install {need.split()[0]}"
        ) from None
    except ValueError as error:
        raise BadData(f"{place}: {one_line(error)}; expected a path, gs://, s3:// or https://") from None
    return system, root.rstrip("/")


def read(place: str, name: str) -> bytes | None:
    """One small file below an address; None where it is not there.

    Raises:
        BadData: where the address cannot be reached.
    """
    system, root = system_of(place)
    try:
        return bytes(system.cat_file(f"{root}/{name}"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # no network, no rights, a wrong certificate, ...
        raise _unreachable(place, error) from None


def below(place: str, endings: tuple[str, ...]) -> list[str]:
    """Addresses of all files below an address whose names end so, sorted; of the address itself if it does."""
    system, root = system_of(place)
    try:
        found = [str(p) for p in system.find(root) if str(p).endswith(endings)]
    except GnomonError:
        raise
    except Exception as error:  # as above
        raise _unreachable(place, error) from None
    if len(found) > MOST_FILES:
        raise BadData(f"{place} holds more than {MOST_FILES} files; give the address of one model")
    return sorted(str(system.unstrip_protocol(p)) for p in found)


def opened(place: str) -> Any:
    """One file as a stream of which pieces are fetched as they are read."""
    system, path = system_of(place)
    return system.open(path, "rb", block_size=1 << 20)


def state(place: str) -> str:
    """Size and version of a file as its server states them: what an identity can know without reading it."""
    system, path = system_of(place)
    about = system.info(path)
    tag = next((about[k] for k in ("ETag", "etag", "md5Hash", "crc32c", "sha256") if about.get(k)), "")
    return f"{about.get('size')} {tag}"


def _public(place: str) -> Public | None:
    return next((s for s in STORES.values() if place.startswith(s.url)), None)


def _unreachable(place: str, error: Exception) -> BadData:
    return BadData(
        f"{place} cannot be reached: {one_line(error)}; check the network and the address, or use a local copy"
    )
