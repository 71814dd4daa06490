"""Greenlets that call a sidecar which never answers: greenlets.py <pipeline, unary or unpatched>.

Prints in which order things happen, then the warnings.
"""

from __future__ import annotations

import sys
import warnings

import gevent
from gevent import monkey

mode = sys.argv[1]
if mode != "unpatched":
    monkey.patch_all()
if mode == "unary":
    from grpc.experimental.gevent import init_gevent

    init_gevent()

import socket  # noqa: E402

from session_sidecar import SessionClient, SessionError  # noqa: E402

warnings.simplefilter("always")
warnings.showwarning = lambda message, *_: print(f"warning: {message}")
silent = socket.create_server(("127.0.0.1", 0))
address = f"127.0.0.1:{silent.getsockname()[1]}"
# A call that blocks all greenlets ends by its timeout.
client = SessionClient(address, timeout=0.2 if mode == "unpatched" else 30, transport="unary" if mode == "unary" else "pipeline")


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
