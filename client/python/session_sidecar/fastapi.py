"""Dependencies of FastAPI, for an application with SessionMiddleware of session_sidecar.starlette."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from .async_session import AsyncSession
from .starlette import check_csrf, load_session

VisitorSession = Annotated[AsyncSession, Depends(load_session)]
"""The type of a parameter that gets the visitor's session."""

ProtectForms = Depends(check_csrf)
"""Rejects forged requests: FastAPI(dependencies=[ProtectForms]), or those of a router or a route."""

__all__ = ["ProtectForms", "VisitorSession"]
