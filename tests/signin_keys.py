"""Which keys do tests sign with, and how does a JWT look that is not quite right?"""

from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@cache
def _made(number: int, bits: int) -> rsa.RSAPrivateKey:
    """A key of its own for each number."""
    assert number >= 0
    return rsa.generate_private_key(65537, bits)


def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    return _made(number, bits)


def private_pem(number: int = 0, *, bits: int = 2048, password: str = "") -> str:
    lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return rsa_key(number, bits).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()


def public_pem(number: int = 0) -> str:
    public = rsa_key(number).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def elliptic_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def assertion(number: int = 0, **claims: object) -> str:
    """Sign claims, whatever they are."""
    return jwt.encode(dict(claims), rsa_key(number), algorithm="RS256")
