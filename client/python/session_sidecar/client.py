"""The connection of an application to its sidecar."""

from __future__ import annotations

import os

import grpc
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .api_token import metadata_of
from .calls import CHANNEL_OPTIONS, Calls
from .errors import SessionError
from .replies import check_session
from .session import Session


class SessionClient:
    """Make one and keep it: threads may share it. It connects at the first call, and connects again by itself.

    address: where the sidecar listens, for example "localhost:50051" or "unix:/run/session-sidecar.sock". It need not be up yet:
    calls wait for it until their time is over.
    timeout: how many seconds a call may take, retries included. The default outlasts a restart of the sidecar on a busy machine.
    api_token: sent with every call, for a sidecar that has SESSION_SIDECAR_API_TOKENS_FILE set.
    api_token_file: a file with that token instead, which is read again when it has changed.
    """

    def __init__(
        self,
        address: str,
        timeout: float = 3.0,
        api_token: str | None = None,
        api_token_file: str | os.PathLike[str] | None = None,
    ) -> None:
        metadata = metadata_of(api_token, api_token_file)
        self._call = Calls(grpc.insecure_channel(address, options=CHANNEL_OPTIONS), timeout, metadata)

    def open(self, token: str | None) -> Session:
        """Loads the session of a token, as it came in the visitor's cookie.

        Without a token, and with one whose session has ended or that is not genuine, gives a new session, whose origin says
        which. Never stores anything. Raises when the sidecar or its store cannot answer: a visitor whose session cannot be
        read is not a new visitor.
        """
        if not token:
            return self.create()
        try:
            response = self._call("GetSession", api.GetSessionRequest(token=token))
        except SessionError as error:
            if error.code == "SESSION_NOT_FOUND":
                return Session(self._call, "not_found")
            # The token is the request's only field, so it is what a refusal of the request is about.
            if error.code in ("TOKEN_INVALID", "INVALID_ARGUMENT"):
                return Session(self._call, "token_invalid")
            raise
        check_session("GetSession", response)
        return Session(self._call, "found", token, response.session)

    def create(self) -> Session:
        """Gives a new session, for a visitor who cannot have one yet. Nothing is stored before its save()."""
        return Session(self._call, "none")

    def close(self) -> None:
        self._call.close()

    def __enter__(self) -> SessionClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
