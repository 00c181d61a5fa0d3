"""Which addresses, names and servers would do harm to whoever reads websites?

Three tables, each row with its reason: texts of addresses, what a name resolves to, and what a
server does. `PORT` stands for the port of a server on this machine that must never be asked.
"""

import gzip
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache

from web_server import NO_ROBOTS, Request, answer, leads_to

ADDRESSES = {
    "http://127.0.0.1:PORT/": "this machine",
    "http://127.1:PORT/": "this machine, short",
    "http://127.0.0.1.:PORT/": "this machine, with a dot at the end",
    "http://0:PORT/": "zero is this machine",
    "http://0.0.0.0:PORT/": "zero is this machine",
    "http://2130706433:PORT/": "this machine as one decimal number",
    "http://0x7f000001:PORT/": "this machine as one hexadecimal number",
    "http://0x7f.0.0.1:PORT/": "this machine, one part hexadecimal",
    "http://0177.0.0.1:PORT/": "this machine, one part octal",
    "http://0300.0250.1.1/": "a private machine in octal",
    "http://127。0。0。1:PORT/": "dots of another script",
    "http://１２７.０.０.１:PORT/": "digits of another width",
    "http://[::1]:PORT/": "this machine in IPv6",
    "http://[::]:PORT/": "zero in IPv6",
    "http://[::ffff:127.0.0.1]:PORT/": "this machine, IPv4 inside IPv6",
    "http://[::ffff:7f00:1]:PORT/": "the same in hexadecimal",
    "http://[64:ff9b::7f00:1]/": "this machine behind NAT64",
    "http://[2002:7f00:1::]/": "this machine behind 6to4",
    "http://[fe80::1%25eth0]/": "link-local, with its interface",
    "http://169.254.169.254/latest/meta-data/": "a cloud's metadata",
    "http://[fd00:ec2::254]/latest/meta-data/": "a cloud's metadata in IPv6",
    "http://93.184.216.34/": "a public number is no company's name either",
    "http://localhost:PORT/": "this machine by name",
    "http://www.localhost:PORT/": "below it",
    "http://metadata.google.internal/": "a cloud's metadata by name",
    "http://intranet/": "a name without a dot is looked for in the company's own domain",
    "http://printer.local/": "a name of the local network",
    "http://kubernetes.default.svc.cluster.local/": "a cluster's own name",
    "http://com/": "a suffix alone belongs to nobody",
    "http://co.uk/": "a suffix alone belongs to nobody",
    "http://user@www.example.com/": "a user's name",
    "http://user:secret@www.example.com/": "a user's name and password",
    "http://www.example.com@127.0.0.1:PORT/": "the host is what follows the @",
    "http://127.0.0.1:PORT\\@www.example.com/": "a backslash: two readings",
    "http://www.example.com\\.example.net/": "a backslash in the host",
    "http:\\\\127.0.0.1:PORT\\": "backslashes all over",
    "http://@www.example.com/": "an empty user's name",
    "http://www.example.com:22/": "SSH",
    "http://www.example.com:25/": "SMTP",
    "http://www.example.com:6379/": "Redis",
    "http://www.example.com:8080/": "somebody's other server",
    "http://www.example.com:0/": "no port at all",
    "http://www.example.com:99999/": "no port at all",
    "http://www.example.com:80:80/": "two ports",
    "ftp://www.example.com/": "another protocol",
    "file:///etc/passwd": "a file",
    "gopher://www.example.com:25/_HELO": "a protocol that can speak others",
    "javascript:alert(1)": "a script",
    "data:text/html,<p>Hello": "its own content",
    "//www.example.com/": "no scheme",
    "www.example.com": "no scheme; whoever asks says which",
    "http:www.example.com": "no host",
    "http:///www.example.com": "no host",
    "": "nothing",
    "http://": "no host",
    "http://www.example.com/a\r\nX-Evil: 1": "a header inside",
    "http://www.example.com\t.example.net/": "a tab in the host",
    "http://www.example.com /": "a blank in the host",
    "http://www.exa%6dple.com/": "an escaped host",
    "http://www.example.com%00.example.net/": "a null in the host",
    "http://www.example.com%2f@127.0.0.1:PORT/": "an escaped slash before an @",
    "http://www..example.com/": "an empty part",
    "http://-.example.com/": "a part that is no name",
    "http://" + "a" * 64 + ".example.com/": "a part too long",
    "http://" + "a." * 130 + "example.com/": "a name too long",
    "http://www.example.com/" + "a" * 5000: "an address too long",
    "http://www.example.com/\u202egnp.exe": "text that turns round",
    "http://www.example.com/\x1b[2J": "an order to a terminal",
}

NAMES = {
    ("127.0.0.1",): "this machine",
    ("127.53.0.9",): "this machine by another of its numbers",
    ("0.0.0.0",): "zero is this machine",
    ("0.1.2.3",): "this network",
    ("10.0.0.5",): "private",
    ("172.16.0.1",): "private",
    ("172.31.255.254",): "private",
    ("192.168.1.1",): "private",
    ("100.64.0.1",): "shared by a provider's customers",
    ("100.100.100.200",): "a cloud's metadata",
    ("169.254.169.254",): "a cloud's metadata",
    ("168.63.129.16",): "a cloud's own service under a public number",
    ("192.0.0.9",): "of the protocols; is_global says public",
    ("192.0.0.192",): "a cloud's metadata",
    ("192.0.2.1",): "documentation",
    ("198.51.100.7",): "documentation",
    ("203.0.113.7",): "documentation",
    ("192.88.99.1",): "relays of 6to4; is_global says public",
    ("198.18.0.1",): "benchmarks",
    ("224.0.0.1",): "multicast; is_global says public",
    ("239.255.255.250",): "multicast",
    ("240.0.0.1",): "reserved",
    ("255.255.255.255",): "everybody",
    ("::1",): "this machine",
    ("::",): "zero is this machine",
    ("::127.0.0.1",): "IPv4-compatible; is_global says public",
    ("::ffff:127.0.0.1",): "this machine, IPv4-mapped",
    ("::ffff:10.0.0.5",): "private, IPv4-mapped",
    ("::ffff:93.184.216.34",): "public, but in disguise",
    ("64:ff9b::7f00:1",): "this machine behind NAT64; is_global says public",
    ("64:ff9b::a9fe:a9fe",): "metadata behind NAT64; is_global says public",
    ("64:ff9b:1::7f00:1",): "a network's own NAT64",
    ("2002:7f00:1::",): "this machine behind 6to4; is_global says public",
    ("2002:a9fe:a9fe::1",): "metadata behind 6to4",
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2",): "Teredo",
    ("2001:db8::1",): "documentation",
    ("3fff::1",): "documentation",
    ("100::1",): "thrown away",
    ("fe80::1",): "link-local",
    ("fe80::1%eth0",): "link-local, with its interface",
    ("fec0::1",): "site-local; is_global says public",
    ("fc00::1",): "private",
    ("fd00:ec2::254",): "a cloud's metadata",
    ("ff02::1",): "multicast",
    ("5f00::1",): "segment routing",
    ("93.184.216.34", "127.0.0.1"): "one public address does not excuse the other",
    ("2606:2800:220:1::1", "::1"): "the same in IPv6",
    ("2606:2800:220:1::1", "10.0.0.5"): "the same in both",
    ("not an address",): "a resolver that lies",
    ("0x7f.1",): "a number that is none",
}

Serve = Callable[[Request], bytes | Iterator[bytes]]


def _page(respond: Callable[[Request], bytes | Iterator[bytes]]) -> Serve:
    return lambda request: NO_ROBOTS if request.path == "/robots.txt" else respond(request)


def _once(redirect: bytes) -> Serve:
    """A redirect to a page that is right in itself."""
    return _page(lambda request: answer() if request.path == "/there" else redirect)


@cache
def bomb(megabytes: int = 200) -> bytes:
    """Much in little. Make it before somebody waits for it: that takes a second."""
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    zeros = bytes(1024**2)
    return b"".join([*(packer.compress(zeros) for _ in range(megabytes)), packer.flush()])


def _endless(head: bytes, piece: bytes, pause: float = 0.0) -> Serve:
    def pieces() -> Iterator[bytes]:
        yield head
        while True:
            yield piece
            time.sleep(pause)

    return _page(lambda _: pieces())


_CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n"
_OPEN = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
_PIECE = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
_ZEROS = gzip.compress(bytes(10_000_000), 1)
_NESTED = b'{"a":' * 100_000


def _robots(body: bytes, status: str = "200 OK") -> Serve:
    robots = answer(body, status, "text/plain")
    return lambda request: robots if request.path == "/robots.txt" else answer()


# What `HOST` and `PORT` stand for is put in by the test.
SERVERS: dict[str, Serve] = {
    "redirect to this machine": _page(lambda _: leads_to("http://127.0.0.1:PORT/secret")),
    "redirect to metadata": _page(lambda _: leads_to("http://169.254.169.254/latest/")),
    "redirect to a private name": _page(lambda _: leads_to("http://private.example.com:PORT/")),
    "redirect to localhost": _page(lambda _: leads_to("http://localhost:PORT/")),
    "redirect to IPv6": _page(lambda _: leads_to("//[::1]:PORT/")),
    "redirect to a decimal number": _page(lambda _: leads_to("http://2130706433:PORT/")),
    "redirect to a file": _page(lambda _: leads_to("file:///etc/passwd")),
    "redirect to a user's name": _once(leads_to("http://a:b@HOST:PORT/there")),
    "redirect to another port": _page(lambda _: leads_to("http://HOST:6379/")),
    "redirect to nowhere": _page(lambda _: answer(b"", "302 Found")),
    "redirect with a backslash": _page(lambda _: leads_to("\\\\127.0.0.1:PORT\\")),
    "redirect to another company": _once(leads_to("http://www.example.net:PORT/there")),
    "redirect in a circle": _page(lambda request: leads_to(f"{request.path}a")),
    "redirect twice named": _page(
        lambda _: (
            b"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: http://127.0.0.1:PORT/\r\n"
            b"Content-Length: 0\r\n\r\n"
        )
    ),
    "robots.txt leads to this machine": lambda request: leads_to("http://127.0.0.1:PORT/r"),
    "robots.txt says no": _robots(b"User-agent: *\nDisallow: /\n"),
    "robots.txt says no to us": _robots(b"User-agent: Sfsync/1.0\nDisallow: /\n"),
    "robots.txt is not to be had": _robots(b"", "500 Internal Server Error"),
    "robots.txt asks for patience": _robots(b"", "429 Too Many Requests"),
    "gzip of 200 MB": _page(lambda _: answer(bomb(), Content_Encoding="gzip")),
    "gzip of 200 MB in robots.txt": lambda request: answer(
        bomb() if request.path == "/robots.txt" else b"br", Content_Encoding="gzip"
    ),
    "gzip in chunks, endless": _endless(
        _CHUNKED + b"Content-Encoding: gzip\r\n\r\n", b"%x\r\n" % len(_ZEROS) + _ZEROS
    ),
    "gzip in gzip": _page(lambda _: answer(gzip.compress(bomb()), Content_Encoding="gzip, gzip")),
    "gzip named twice": _page(
        lambda _: answer(bomb(), Content_Encoding="gzip", content_encoding="gzip")
    ),
    "deflate": _page(lambda _: answer(zlib.compress(b"a"), Content_Encoding="deflate")),
    "brotli": _page(lambda _: answer(b"\x0b\x02\x80a\x03", Content_Encoding="br")),
    "zstd": _page(lambda _: answer(b"\x28\xb5\x2f\xfd", Content_Encoding="zstd")),
    "no gzip at all": _page(lambda _: answer(b"<p>", Content_Encoding="gzip")),
    "gzip that ends early": _page(
        lambda _: answer(gzip.compress(b"a" * 9999)[:-12], Content_Encoding="gzip")
    ),
    "endless body": _endless(_OPEN, b"a" * 65_536),
    "endless body in chunks": _endless(_CHUNKED + b"\r\n", _PIECE),
    "endless chunk of tiny pieces": _endless(_CHUNKED + b"\r\n", b"1\r\na\r\n" * 10_000),
    "endless line of a chunk": _endless(_CHUNKED + b"\r\n", b"1;a=" + b"a" * 10_000),
    "body of 10 GB, as it says": _endless(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10737418240\r\n\r\n",
        b"a" * 65_536,
    ),
    "endless headers": _endless(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"a" * 1000 + b"\r\n"),
    "one endless header": _endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 1000),
    "headers of 40 KB": _page(lambda _: answer(X_Big="a" * 40_000)),
    "endless early answers": _endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "a head that drips": _endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"a", 0.02),
    "a body that drips": _endless(_OPEN, b"a", 0.02),
    "no HTTP": _page(lambda _: b"SSH-2.0-OpenSSH_9.9\r\n" * 10),
    "HTTP/0.9": _page(lambda _: b"<p>Hello</p>"),
    "nothing": _page(lambda _: b""),
    "two lengths": _page(
        lambda _: (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n"
            b"Content-Length: 9999\r\n\r\na"
        )
    ),
    "a switch of protocols": _page(
        lambda _: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    ),
    "JSON, nested 200,000 times": _page(lambda _: answer(b"[" * 200_000, kind="application/json")),
    "a picture": _page(lambda _: answer(b"GIF89a", kind="image/gif")),
    "an archive": _page(lambda _: answer(b"PK", kind="application/octet-stream")),
    "SVG": _page(lambda _: answer(b"<svg/>", kind="image/svg+xml")),
    "XML": _page(lambda _: answer(b"<!DOCTYPE a [<!ENTITY b '&b;'>]>", kind="application/xml")),
    "no type": _page(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"),
    "forbidden": _page(lambda _: answer(b"", "403 Forbidden")),
    "too many": _page(lambda _: answer(b"", "429 Too Many Requests")),
    "an error": _page(lambda _: answer(b"", "503 Service Unavailable")),
    "no content": _page(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n"),
}
