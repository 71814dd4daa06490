"""Atomic changes of one value."""

from __future__ import annotations

import random
from collections.abc import Callable

from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from ..errors import SessionError
from ..plans import CallStep, PauseStep, Plan
from ..replies import check_results, check_session

_MAX_ATTEMPTS = 50


def transforming(token: str, key: str, change: Callable[[bytes | None], bytes]) -> Plan[bytes]:
    """Replace the text at a key with what change makes of the stored one (None: there is none). Return the new text.

    change is called again if another request has changed the session meanwhile. Raises VERSION_MISMATCH after 50 lost races.
    """
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        try:
            return (yield from _transforming_once(token, key, change))
        except SessionError as error:
            if error.code != "VERSION_MISMATCH" or attempt == _MAX_ATTEMPTS:
                raise
        # A random pause keeps requests that lost the same race from meeting in the next one.
        yield PauseStep(random.random() * min(attempt, 20) / 1000)
    raise AssertionError("unreachable")


def _transforming_once(token: str, key: str, change: Callable[[bytes | None], bytes]) -> Plan[bytes]:
    response = yield CallStep("GetSession", api.GetSessionRequest(token=token))
    check_session("GetSession", response)
    current = response.session
    text = change(current.data[key] if key in current.data else None)
    mutation = messages.Mutation(set={"key": key, "value": text})
    request = api.UpdateSessionRequest(token=token, mutations=[mutation], if_version=current.version)
    check_results("UpdateSession", request.mutations, (yield CallStep("UpdateSession", request)))
    return text
