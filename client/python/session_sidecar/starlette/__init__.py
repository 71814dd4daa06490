"""Sessions in Starlette, FastAPI and other ASGI applications."""

from .loading import check_csrf, csrf_token, load_session
from .middleware import SessionMiddleware

__all__ = ["SessionMiddleware", "check_csrf", "csrf_token", "load_session"]
