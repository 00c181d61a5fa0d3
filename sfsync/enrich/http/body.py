"""What is in an answer's body, without ever holding more than was agreed?

A few hundred kilobytes of gzip can hold gigabytes: they are inflated piece by piece, and no further
than the limit.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

_GZIP = 16 + zlib.MAX_WBITS
_PLAIN = ("", "identity")
_ZIPPED = ("gzip", "x-gzip")
ACCEPTED = "gzip"


class BodyRefused(Exception):
    """The body is too long, or packed in a way that was not agreed; the text says which."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many bytes a body may have: on the wire, and unpacked. `cuts`: the rest is left away
    instead of refusing the whole.
    """

    raw: int
    unpacked: int
    cuts: bool = False


def read_body(chunks: Iterable[bytes], encoding: str, limits: Limits) -> bytes:
    """Read and unpack a body; raises BodyRefused."""
    encoding = encoding.strip().lower()
    if encoding not in (*_PLAIN, *_ZIPPED):
        raise BodyRefused("it is packed in a way that was not asked for")
    unpacker = _Unpacker(limits, is_zipped=encoding in _ZIPPED)
    for chunk in chunks:
        unpacker.take(chunk)
        if unpacker.is_full:
            break
    return unpacker.whole()


class _Unpacker:
    def __init__(self, limits: Limits, *, is_zipped: bool) -> None:
        self._limits = limits
        self._raw = 0
        self._body = bytearray()
        self._inflate = zlib.decompressobj(_GZIP) if is_zipped else None
        self.is_full = False

    def take(self, chunk: bytes) -> None:
        self._raw += len(chunk)
        if self._raw > self._limits.raw:
            self._too_long()
            chunk = chunk[: len(chunk) - (self._raw - self._limits.raw)]
        self._body += self._unpacked(chunk)
        if len(self._body) > self._limits.unpacked:
            self._too_long()
            del self._body[self._limits.unpacked :]

    def _unpacked(self, chunk: bytes) -> bytes:
        if self._inflate is None:
            return chunk
        # One byte more than fits tells that there is more.
        room = self._limits.unpacked + 1 - len(self._body)
        try:
            return self._inflate.decompress(chunk, room) if room > 0 else b""
        except zlib.error as error:
            raise BodyRefused("it cannot be unpacked") from error

    def _too_long(self) -> None:
        if not self._limits.cuts:
            raise BodyRefused("it is too long")
        self.is_full = True

    def whole(self) -> bytes:
        if self._inflate is not None and self._raw and not self.is_full and not self._inflate.eof:
            raise BodyRefused("it ends in the midst")
        return bytes(self._body)
