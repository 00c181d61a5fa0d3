"""Where are the files of a store: in a folder of this machine, or where other machines see them?

Elsewhere is whatever fsspec opens: `s3://bucket/sfsync`, `gs://…`, `abfs://…`. There an object is
there whole or not at all, and need not be renamed to be put in place.
"""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

import pyarrow as pa

from sfsync.errors import ConfigError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_LOCAL = "file://"
_SETTING = "SFSYNC_STORE_URL"


class Folder(Protocol):
    """Files side by side. All methods raise OSError where the place cannot be used."""

    def make(self) -> None:
        """Make the folder where it is not there."""

    def has(self, file: str) -> bool:
        """Tell whether there is such a file."""

    def files(self) -> Mapping[str, float]:
        """Return when each file was written, in seconds since 1970."""

    def below(self) -> list[str]:
        """Name the files in it and in its folders, by the way from here."""

    def opened(self, file: str) -> IO[bytes]:
        """Open a file to be read. Raises FileNotFoundError where there is none."""

    def made(self, file: str) -> IO[bytes]:
        """Open a new file to be written, of which nobody else knows yet."""

    def put(self, file: str, content: bytes) -> None:
        """Put content in the place of what the file held, at once."""

    def remove(self, file: str) -> None:
        """Remove a file; nothing happens where it is gone already."""

    def clear(self) -> None:
        """Remove the folder with all that is in it."""


class LocalFolder:
    """A folder of this machine, for this user alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self) -> None:
        """Make the folder where it is not there."""
        self._path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def has(self, file: str) -> bool:
        """Tell whether there is such a file."""
        return (self._path / file).exists()

    def files(self) -> Mapping[str, float]:
        """Return when each file was written, in seconds since 1970."""
        if not self._path.exists():
            return {}
        return {each.name: each.stat().st_mtime for each in self._path.iterdir() if each.is_file()}

    def below(self) -> list[str]:
        """Name the files in it and in its folders, by the way from here."""
        found = (each for each in self._path.rglob("*") if each.is_file())
        return [each.relative_to(self._path).as_posix() for each in found]

    def opened(self, file: str) -> IO[bytes]:
        """Open a file to be read. Raises FileNotFoundError where there is none."""
        return cast(IO[bytes], pa.OSFile(str(self._path / file), "rb"))

    def made(self, file: str) -> IO[bytes]:
        """Open a new file to be written."""
        return cast(IO[bytes], pa.OSFile(str(self._path / file), "wb"))

    def put(self, file: str, content: bytes) -> None:
        """Put content in the place of what the file held, at once."""
        made = self._path / f".{secrets.token_hex(6)}{Path(file).suffix}"
        made.write_bytes(content)
        made.replace(self._path / file)

    def remove(self, file: str) -> None:
        """Remove a file; nothing happens where it is gone already."""
        (self._path / file).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self._path)


class RemoteFolder:
    """A folder that other machines see, too."""

    def __init__(self, url: str) -> None:
        """Raises ConfigError where nothing that is installed opens such a URL."""
        self._system, self._path = _system_of(url)

    def make(self) -> None:
        """Make the folder where it is not there."""
        self._system.makedirs(self._path, exist_ok=True)

    def has(self, file: str) -> bool:
        """Tell whether there is such a file."""
        return bool(self._system.exists(self._at(file)))

    def files(self) -> Mapping[str, float]:
        """Return when each file was written, in seconds since 1970."""
        if not self._system.exists(self._path):
            return {}
        self._system.invalidate_cache(self._path)
        names = [each["name"] for each in self._system.ls(self._path) if each["type"] == "file"]
        return {each.rpartition("/")[2]: self._system.modified(each).timestamp() for each in names}

    def below(self) -> list[str]:
        """Name the files in it and in its folders, by the way from here."""
        if not self._system.exists(self._path):
            return []
        found = (str(each) for each in self._system.find(self._path))
        return [each.partition(f"{self._path}/")[2] for each in found]

    def opened(self, file: str) -> IO[bytes]:
        """Open a file to be read. Raises FileNotFoundError where there is none."""
        return cast(IO[bytes], self._system.open(self._at(file), "rb"))

    def made(self, file: str) -> IO[bytes]:
        """Open a new file to be written."""
        return cast(IO[bytes], self._system.open(self._at(file), "wb"))

    def put(self, file: str, content: bytes) -> None:
        """Put content in the place of what the file held, as one object."""
        self._system.pipe_file(self._at(file), content)

    def remove(self, file: str) -> None:
        """Remove a file; nothing happens where it is gone already."""
        if self.has(file):
            self._system.rm_file(self._at(file))

    def clear(self) -> None:
        """Remove the folder with all that is in it: elsewhere one without files is mostly none."""
        if self._system.exists(self._path):
            self._system.rm(self._path, recursive=True)

    def folders(self) -> list[str]:
        """Name the folders in this one."""
        if not self._system.exists(self._path):
            return []
        found = (each for each in self._system.ls(self._path) if each["type"] == "directory")
        return sorted(each["name"].rstrip("/").rpartition("/")[2] for each in found)

    def _at(self, file: str) -> str:
        return f"{self._path}/{file}"


def is_url(place: str) -> bool:
    """Tell whether a place is elsewhere, as a URL says, and none of this machine's folders."""
    return "://" in place and not place.startswith(_LOCAL)


def folder_at(place: str) -> Folder:
    """Return the folder at a path or URL. Raises ConfigError where nothing opens such a URL."""
    return RemoteFolder(place) if is_url(place) else LocalFolder(Path(place.removeprefix(_LOCAL)))


def inner(place: str, name: str) -> str:
    """Name a folder in one, which is told by path or URL."""
    return f"{place.rstrip('/')}/{name}"


@contextmanager
def removed_afterwards(place: str) -> Iterator[str]:
    """Make a folder, and remove it afterwards."""
    folder = folder_at(place)
    folder.make()
    try:
        yield place
    finally:
        folder.clear()


def folders_in(place: str) -> list[str]:
    """Name the folders in one that is elsewhere, in order. Raises ConfigError as `folder_at`."""
    return RemoteFolder(place).folders()


def _system_of(url: str) -> "tuple[AbstractFileSystem, str]":
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        problem = f"{_SETTING}: {url}: fsspec is not installed: pip install 'sfsync[dask]'"
        raise ConfigError([problem]) from error
    try:
        system, path = cast(tuple[Any, str], url_to_fs(url))
    except ImportError as error:
        raise ConfigError([f"{_SETTING}: {url}: {error} (with pip, on all machines)"]) from error
    except ValueError as error:
        raise ConfigError([f"{_SETTING}: {url}: {error}"]) from error
    return system, path.rstrip("/")
