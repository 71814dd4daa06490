"""An application's connection to its sidecar."""

from __future__ import annotations

import os

import grpc
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .api_token import metadata_of
from .errors import SessionError
from .replies import check_session
from .session import Session
from .transport import CHANNEL_OPTIONS, Transport


class SessionClient:
    """An application's connection to its session sidecar. Create one and share it between threads.

    It connects at the first call and reconnects automatically. The sidecar need not be running yet: calls wait for it until
    their time limit.

    address: where the sidecar listens, "host:port" or "unix:/path", for example "localhost:50051".
    timeout: the time limit of a call, retries included, in seconds. Default: 3, which outlasts a restart.
    api_token: sent with every call, for a sidecar with SESSION_SIDECAR_API_TOKENS set. Default: none.
    api_token_file: the path of a file with that token instead. It is read again when it changes. Default: none.

    Raises ValueError for an API token that is not visible ASCII, or if both a token and a file are given.
    """

    def __init__(
        self,
        address: str,
        timeout: float = 3.0,
        api_token: str | None = None,
        api_token_file: str | os.PathLike[str] | None = None,
    ) -> None:
        metadata = metadata_of(api_token, api_token_file)
        self._call = Transport(grpc.insecure_channel(address, options=CHANNEL_OPTIONS), timeout, metadata)

    def open(self, token: str | None) -> Session:
        """Loads the session of a token, as received in the visitor's cookie.

        Without a token, or if its session has ended or the token is not genuine, returns a new session; its origin tells these
        cases apart. Never stores anything. Raises SessionError if the sidecar or its store is unavailable: a visitor whose
        session cannot be read must not be mistaken for a new one.
        """
        if not token:
            return self.create()
        try:
            response = self._call("GetSession", api.GetSessionRequest(token=token))
        except SessionError as error:
            if error.code == "SESSION_NOT_FOUND":
                return Session(self._call, "not_found")
            # The token is the request's only field, so an invalid request means an invalid token.
            if error.code in ("TOKEN_INVALID", "INVALID_ARGUMENT"):
                return Session(self._call, "token_invalid")
            raise
        check_session("GetSession", response)
        return Session(self._call, "found", token, response.session)

    def create(self) -> Session:
        """Returns a new session, for a visitor who cannot have one yet. Nothing is stored until it is saved."""
        return Session(self._call, "none")

    def close(self) -> None:
        """Closes the connection. Later calls raise SessionError CANCELLED. A with statement closes it too."""
        self._call.close()

    def __enter__(self) -> SessionClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
