"""Masked CSRF tokens."""

from __future__ import annotations

import binascii
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from ..base_session import BaseSession


def mask_token(token: str) -> str:
    """Return a CSRF token for one response, as session.csrf_token() returns it but masked.

    Each call returns another text, and all of them are accepted. So the token cannot be guessed from the sizes of compressed
    responses that also contain what an attacker has sent (BREACH). The text is a random pad of the token's length, and the token
    XOR the pad.
    """
    plain = token.encode()
    pad = secrets.token_bytes(len(plain))
    return urlsafe_b64encode(pad + _xor(plain, pad)).rstrip(b"=").decode()


def is_csrf_token(session: BaseSession, text: str) -> bool:
    """Return whether a text is the CSRF token of the session, masked or as it is. Compares in constant time."""
    # Each checks an unavailable session, which raises.
    is_masked = session.check_csrf_token(_unmask(text))
    return session.check_csrf_token(text) or is_masked


def _unmask(text: str) -> str:
    """Return what was masked. Any other text gives one that is no token."""
    try:
        masked = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return ""
    half = len(masked) // 2
    return _xor(masked[half : 2 * half], masked[:half]).decode("utf-8", "replace")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
