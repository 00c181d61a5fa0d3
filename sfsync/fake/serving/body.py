"""What is in a request's body, and how is a reply's packed?"""

import gzip
import zlib
from collections.abc import Mapping
from typing import BinaryIO

# What a bulk job takes in one upload.
MOST_BYTES = 150 * 1024 * 1024
_PIECE = 64 * 1024
# Below this size packing costs more than it saves.
_WORTH_PACKING = 1_024
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")


class BadBody(Exception):
    """A body that cannot be read to its end; `status` is what HTTP calls it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def read_body(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    """Read a body by its length or in chunks, and unpack it where it is gzip.

    Raises BadBody 413 for one of more than 150 MB, 400 for one that is not as its headers say.
    """
    if headers.get("transfer-encoding", "identity").lower() == "chunked":
        body = _read_chunks(stream)
    else:
        body = _read_length(stream, headers.get("content-length", "0"))
    return _unpacked(body) if headers.get("content-encoding", "").lower() == "gzip" else body


def _read_length(stream: BinaryIO, text: str) -> bytes:
    if not (text.isascii() and text.isdigit()):
        raise BadBody(400, f"Content-Length {text!r} is no number")
    length = int(text)
    if length > MOST_BYTES:
        # A client that is still sending would not see the answer if the connection just closed.
        _pass_over(stream, min(length, 4 * MOST_BYTES))
        raise _too_large()
    return _exactly(stream, length)


def _pass_over(stream: BinaryIO, length: int) -> None:
    while length > 0:
        piece = stream.read(min(length, _PIECE))
        if not piece:
            return
        length -= len(piece)


def _read_chunks(stream: BinaryIO) -> bytes:
    body = bytearray()
    while True:
        size = stream.readline(_PIECE).partition(b";")[0].strip()
        if not size or not _HEXADECIMAL.issuperset(size):
            raise BadBody(400, f"a chunk has no length but {size[:20]!r}")
        length = int(size, 16)
        if len(body) + length > MOST_BYTES:
            raise _too_large()
        if length == 0:
            _pass_trailers(stream)
            return bytes(body)
        body += _exactly(stream, length)
        stream.readline(_PIECE)


def _pass_trailers(stream: BinaryIO) -> None:
    while stream.readline(_PIECE).strip():
        pass


def _exactly(stream: BinaryIO, length: int) -> bytes:
    body = stream.read(length) if length else b""
    if len(body) < length:
        raise BadBody(400, f"the body ended after {len(body)} of {length} bytes")
    return body


def _unpacked(body: bytes) -> bytes:
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = reader.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise BadBody(400, f"the body is no gzip: {error}") from error
    if len(found) > MOST_BYTES:
        raise _too_large()
    return found


def _too_large() -> BadBody:
    return BadBody(413, f"the body has more than {MOST_BYTES} bytes")


def packed(body: bytes, accepted: str) -> bytes | None:
    """Return a body as gzip where the client takes that and it is worth it, else None."""
    words = [each.replace(" ", "").lower() for each in accepted.split(",")]
    if len(body) < _WORTH_PACKING or not {"gzip", "gzip;q=1.0"} & set(words):
        return None
    return gzip.compress(body, compresslevel=1, mtime=0)
