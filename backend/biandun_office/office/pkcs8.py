"""Encrypted PKCS#8 for SM2 keys, written by hand because ``cryptography`` does not know the curve.

The format is the one that the library writes for P-256: PBES2 (RFC 8018) of PBKDF2-HMAC-SHA256 and
AES-256-CBC around a PrivateKeyInfo (RFC 5958) with an ECPrivateKey (RFC 5915).  ``openssl pkey``
reads it; ``decrypt`` reads no other encoding.
"""

import secrets
from base64 import b64decode, b64encode
from hashlib import pbkdf2_hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from biandun_protocol import der

ROUNDS = 2048  # as the library has; scrypt makes a guess expensive (keystore.py)
_BEGIN, _END = b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"-----END ENCRYPTED PRIVATE KEY-----"
_PBES2, _PBKDF2 = der.oid("1.2.840.113549.1.5.13"), der.oid("1.2.840.113549.1.5.12")
# hmacWithSHA256
_PRF = der.encode(der.SEQUENCE, der.oid("1.2.840.113549.2.9"), der.encode(der.NULL))
_AES = der.oid("2.16.840.1.101.3.4.1.42")  # aes256-CBC
# id-ecPublicKey, sm2p256v1
_CURVE = der.encode(der.SEQUENCE, der.oid("1.2.840.10045.2.1"), der.oid("1.2.156.10197.1.301"))
_PUBLIC = 0xA1  # [1] EXPLICIT


def encrypt(secret: bytes, point: bytes, password: bytes) -> bytes:
    """Encrypt a private key (32 bytes) and its uncompressed point under ``password``, as PEM."""
    inner = der.encode(
        der.SEQUENCE,
        der.integer(1),
        der.encode(der.OCTET_STRING, secret),
        der.encode(_PUBLIC, der.bit_string(point)),
    )
    info = der.encode(der.SEQUENCE, der.integer(0), _CURVE, der.encode(der.OCTET_STRING, inner))
    salt, iv = secrets.token_bytes(16), secrets.token_bytes(16)
    padder = PKCS7(128).padder()
    encryptor = _cipher(password, salt, iv).encryptor()
    sealed = encryptor.update(padder.update(info) + padder.finalize()) + encryptor.finalize()
    body = b64encode(
        der.encode(der.SEQUENCE, _scheme(salt, iv), der.encode(der.OCTET_STRING, sealed))
    )
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return b"\n".join([_BEGIN, *lines, _END, b""])


def decrypt(pem: bytes, password: bytes) -> tuple[bytes, bytes]:
    """The private key (32 bytes) and the uncompressed point that ``encrypt`` wrote.

    Raises ValueError for a wrong password and for any other encoding.
    """
    lines = pem.strip().splitlines()
    if len(lines) < 3 or (lines[0], lines[-1]) != (_BEGIN, _END):
        raise ValueError("no encrypted private key")
    scheme, sealed = der.sequence(
        b64decode(b"".join(lines[1:-1]), validate=True), der.SEQUENCE, der.OCTET_STRING
    )
    salt, iv = _salt_and_iv(scheme)
    if der.encode(der.SEQUENCE, scheme) != _scheme(salt, iv):
        raise ValueError("another encryption")
    decryptor, unpadder = _cipher(password, salt, iv).decryptor(), PKCS7(128).unpadder()
    info = unpadder.update(decryptor.update(sealed) + decryptor.finalize()) + unpadder.finalize()
    version, curve, inner = der.sequence(info, der.INTEGER, der.SEQUENCE, der.OCTET_STRING)
    _, secret, public = der.sequence(inner, der.INTEGER, der.OCTET_STRING, _PUBLIC)
    if version != b"\0" or der.encode(der.SEQUENCE, curve) != _CURVE or len(secret) != 32:
        raise ValueError("no SM2 key")
    return secret, der.read(public)[1][1:]  # a BIT STRING of whole bytes


def _salt_and_iv(scheme: bytes) -> tuple[bytes, bytes]:
    _, parameters = der.sequence(der.encode(der.SEQUENCE, scheme), der.OBJECT, der.SEQUENCE)
    derivation, cipher = der.sequence(
        der.encode(der.SEQUENCE, parameters), der.SEQUENCE, der.SEQUENCE
    )
    _, inner = der.sequence(der.encode(der.SEQUENCE, derivation), der.OBJECT, der.SEQUENCE)
    salt, _, _ = der.sequence(
        der.encode(der.SEQUENCE, inner), der.OCTET_STRING, der.INTEGER, der.SEQUENCE
    )
    _, iv = der.sequence(der.encode(der.SEQUENCE, cipher), der.OBJECT, der.OCTET_STRING)
    return salt, iv


def _scheme(salt: bytes, iv: bytes) -> bytes:
    parameters = der.encode(
        der.SEQUENCE, der.encode(der.OCTET_STRING, salt), der.integer(ROUNDS), _PRF
    )
    derivation = der.encode(der.SEQUENCE, _PBKDF2, parameters)
    cipher = der.encode(der.SEQUENCE, _AES, der.encode(der.OCTET_STRING, iv))
    return der.encode(der.SEQUENCE, _PBES2, der.encode(der.SEQUENCE, derivation, cipher))


def _cipher(password: bytes, salt: bytes, iv: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(pbkdf2_hmac("sha256", password, salt, ROUNDS, 32)), modes.CBC(iv))
