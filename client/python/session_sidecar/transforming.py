"""Atomic changes of one value."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .errors import SessionError
from .ordered_messages import data_of
from .plans import CallStep, PauseStep, Plan
from .replies import check_results, check_session

_MAX_ATTEMPTS = 50


def transforming(
    token: str | None, key: str, change: Callable[[bytes | None], bytes], fence: int | None = None
) -> Plan[tuple[bytes, Any]]:
    """Replace the text at a key with what change makes of the stored one (None: there is none).

    change is called again if another request has changed the session meanwhile. Returns the new text and the response of
    UpdateSession. Raises VERSION_MISMATCH after 50 lost races.

    fence: the number of the lease that the change depends on. Default: on none.
    """
    for attempt in range(1, _MAX_ATTEMPTS):
        try:
            return (yield from _transforming_once(token, key, change, fence))
        except SessionError as error:
            if error.code != "VERSION_MISMATCH":
                raise
        # A random pause keeps requests that lost the same race from meeting in the next one.
        yield PauseStep(random.random() * min(attempt, 20) / 1000)
    return (yield from _transforming_once(token, key, change, fence))


def _transforming_once(
    token: str | None, key: str, change: Callable[[bytes | None], bytes], fence: int | None
) -> Plan[tuple[bytes, Any]]:
    response = yield CallStep("GetSession", api.GetSessionRequest(token=token))
    check_session("GetSession", response)
    text = change(data_of(response.session).get(key))
    mutation = messages.Mutation(set={"key": key, "value": text})
    request = api.UpdateSessionRequest(token=token, mutations=[mutation], if_version=response.session.version, fence=fence)
    response = yield CallStep("UpdateSession", request)
    check_results("UpdateSession", request.mutations, response)
    return text, response
