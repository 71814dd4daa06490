"""The response to requests whose session cannot be loaded or saved, unless the application has a view for them."""

from __future__ import annotations

import logging
from typing import Any

from pyramid.response import Response

from ..errors import SessionError
from ..web import failure_of

_logger = logging.getLogger("session_sidecar.pyramid")


def session_error_view(error: SessionError, request: Any) -> Response:
    """Answer with the status of the error: 409, 413, 500 or 503. The error itself is for the log."""
    status, text = failure_of(error)
    _logger.warning("A request failed with status %d: %s", status, error)
    return Response(text, status=status, content_type="text/plain", charset="utf-8")
