"""The cookies of pyramid_session_redis, whose sessions were imported."""

from __future__ import annotations

from webob.cookies import SignedSerializer


class _Text:
    """What the former library signs is the text of the id."""

    def dumps(self, text: str) -> bytes:
        return text.encode()

    def loads(self, data: bytes) -> str:
        return data.decode()


class FormerCookies:
    """Reads the id of the session out of a cookie that pyramid_session_redis has signed.

    `session-sidecar import pyramid` stores sessions under these ids.

    secret: what its setting `secret` was. Raises ValueError if it is empty.
    """

    def __init__(self, secret: str) -> None:
        if not secret:
            raise ValueError("Expected `former_secret` to be the secret that pyramid_session_redis had, got an empty text")
        # The salt and the hash are fixed in that library.
        self._signer = SignedSerializer(secret, "pyramid_session_redis.", "sha512", serializer=_Text())

    def id_in(self, value: str) -> str | None:
        """Return the id in the value of a cookie. None: the former library has not signed it."""
        try:
            # Other values are not base64, not signed, or not UTF-8.
            identity: str = self._signer.loads(value.encode())
        except ValueError:
            return None
        return identity
