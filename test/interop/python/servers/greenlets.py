"""Greenlets that call a sidecar which never answers: greenlets.py <patched or unpatched>.

Prints in which order things happen, then the warnings.
"""

from __future__ import annotations

import sys
import warnings

import gevent
from gevent import monkey

if sys.argv[1] == "patched":
    monkey.patch_all()

import socket  # noqa: E402

from session_sidecar import SessionClient, SessionError  # noqa: E402

warnings.simplefilter("always")
warnings.showwarning = lambda message, *_: print(f"warning: {message}")
silent = socket.create_server(("127.0.0.1", 0))
# A call that blocks all greenlets ends by its timeout.
client = SessionClient(f"127.0.0.1:{silent.getsockname()[1]}", timeout=30 if sys.argv[1] == "patched" else 0.2)


def call() -> None:
    print("call begins")
    try:
        client.open("token")
    except SessionError as error:
        print(f"call ends: {error.code}")


def close() -> None:
    print("others run")
    client.close()


gevent.joinall([gevent.spawn(call), gevent.spawn(close)], raise_error=True)
