"""Did the app sign this JWT, for this org, and is it still good?"""

import base64
import json
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

# How long an assertion may be good for [from memory: three minutes, and some tolerance].
_LONGEST_SECONDS = 300


class AssertionRefused(Exception):
    """A JWT that the platform does not take; holds its own words for that."""


def read_key(pem: str) -> "RSAPublicKey":
    """Read the public RSA key of a certificate, or a key alone, in PEM form; ValueError for none.

    The platform takes certificates; a key alone spares tests from making one.
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    is_certificate = "BEGIN CERTIFICATE" in pem
    key = (
        load_pem_x509_certificate(pem.encode()).public_key()
        if is_certificate
        else load_pem_public_key(pem.encode())
    )
    if not isinstance(key, RSAPublicKey):
        raise ValueError("it is no RSA key")
    return key


def read_claims(assertion: str) -> dict[str, object]:
    """Return the claims, unchecked; raises AssertionRefused for what is no JWT signed by RS256."""
    head, claims, _signature = _parts(assertion)
    if head.get("alg") != "RS256" or not str(claims.get("exp", "")).isdigit():
        raise AssertionRefused("invalid assertion")
    return claims


def check_assertion(
    assertion: str, key: "RSAPublicKey | None", audiences: frozenset[str], now: datetime
) -> None:
    """Raise AssertionRefused where audience, time or signature are not right.

    `audiences` are the addresses that stand for this org; `key` is the app's, None where it has no
    certificate.
    """
    claims = read_claims(assertion)
    if claims.get("aud") not in audiences:
        raise AssertionRefused("audience is invalid")
    left = int(str(claims["exp"])) - now.timestamp()
    if left <= 0:
        raise AssertionRefused("expired authorization code")
    if left > _LONGEST_SECONDS or key is None or not _is_signed(assertion, key):
        raise AssertionRefused("invalid assertion")


def _is_signed(assertion: str, key: "RSAPublicKey") -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    signed, _dot, _signature = assertion.rpartition(".")
    try:
        key.verify(_parts(assertion)[2], signed.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _parts(assertion: str) -> tuple[dict[str, object], dict[str, object], bytes]:
    try:
        head, body, signature = (_decoded(part) for part in assertion.split("."))
        found = json.loads(head), json.loads(body)
    except ValueError as error:
        raise AssertionRefused("invalid assertion") from error
    if not all(isinstance(each, dict) for each in found):
        raise AssertionRefused("invalid assertion")
    return found[0], found[1], signature


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
