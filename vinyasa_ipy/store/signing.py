"""Signatures that others can verify: Ed25519, with a private key derived from the user's secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blake3 import blake3

from vinyasa_ipy.errors import ShelfError
from vinyasa_ipy.store import trust

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PURPOSE = "vinyasa_ipy 2025-11 private key for shared results"
"""What sets this key apart from all else that the secret is used for; another text is another key for everybody."""


def own_key() -> str:
    """Give the user's own public key, 64 hexadecimal digits. Raises StoreError, ShelfError."""
    return _private_key().public_key().public_bytes_raw().hex()


def sign(message: bytes) -> bytes:
    """Sign `message` as the user; 64 bytes. Raises StoreError, ShelfError."""
    return _private_key().sign(message)


def is_signed(message: bytes, signature: bytes, key: str) -> bool:
    """Tell whether the owner of the public `key` signed `message`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private_key() -> Ed25519PrivateKey:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as error:
        raise ShelfError("sharing", f"it needs a package ({error}); install `vinyasa-ipy[remote]`") from error
    return Ed25519PrivateKey.from_private_bytes(blake3(trust.read_secret(), derive_key_context=_PURPOSE).digest())
