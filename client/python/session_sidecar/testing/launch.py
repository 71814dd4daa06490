"""Starts a sidecar and ends it."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_PREFIX = "SESSION_SIDECAR_"
# What is meant for the application or for the tests must not configure the sidecar, or Node.js in it.
_NOT_INHERITED = re.compile(r"SESSION_SIDECAR_.*|OTEL_.*|REDIS_URL|NODE_OPTIONS|NODE_V8_COVERAGE")
# How long a sidecar may take to start, in seconds. It takes less than a second unless the machine is busy.
_START_TIMEOUT = 30.0
# How long it may take to end by itself, in seconds.
_STOP_TIMEOUT = 2.0


class LaunchedSidecar:
    """A sidecar on its memory store. It ends with this process, even if that is killed: its standard input ends then.

    address: where it listens, once it is created.

    Raises ValueError for a setting that is not free to choose, and RuntimeError if the sidecar does not start.
    """

    def __init__(self, command: Sequence[str], settings: Mapping[str, str]) -> None:
        self._socket = _free_socket()
        own = _settings_of(self._socket)
        for name in settings:
            if name in own:
                raise ValueError(f"settings must not have {name}: start_sidecar() chooses it")
        given = _as_variables(settings)
        inherited = {name: value for name, value in os.environ.items() if not _NOT_INHERITED.fullmatch(name)}
        environment = {**inherited, **given, **_as_variables(own)}
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT)
        except OSError as cause:
            raise RuntimeError(f"The session sidecar did not start: {cause}") from cause
        self._reader: threading.Thread | None = None
        timer = threading.Timer(_START_TIMEOUT, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            self.address = _until_serving(self._output, given)
        except BaseException:
            self.stop()
            raise
        finally:
            timer.cancel()
        # A sidecar whose output is not read would stop at some point.
        self._reader = threading.Thread(target=_discard, args=(self._output,), daemon=True)
        self._reader.start()

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def stop(self) -> None:
        """End the sidecar. Does nothing if it has ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        # A process that was forked from this one has the pipe open, too.
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._reader is not None:
            self._reader.join()
        self._output.close()
        # It is still there if the sidecar was killed.
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)


def _until_serving(output: Iterable[bytes], variables: Iterable[str]) -> str:
    """Read a sidecar's output until it serves, and return its gRPC address.

    variables: what was set for it. A warning about one of them, for example that there is no such setting, is an error.
    """
    problems: list[str] = []
    other_output: list[str] = []
    for text in output:
        line = _parse(text)
        if line is None:
            # For example a message of a container engine.
            other_output.append(text.decode(errors="replace").rstrip())
            continue
        message = str(line.get("msg"))
        is_about_setting = line.get("level") == "warn" and any(name in message for name in variables)
        if line.get("level") == "fatal" or is_about_setting:
            problems.append(message)
        if message == "serving":
            if problems:
                break
            return str(line["grpc"][0])
    raise RuntimeError("\n".join(["The session sidecar did not start", *(problems or other_output)]))


def _parse(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _discard(output: Iterable[bytes]) -> None:
    for _ in output:
        pass


def _free_socket() -> Path | None:
    """Return a path for a Unix socket. None: the system has no Unix sockets, or only shorter paths."""
    path = Path(tempfile.gettempdir(), f"session-sidecar-{secrets.token_hex(8)}.sock")
    return path if hasattr(socket, "AF_UNIX") and len(os.fsencode(path)) <= 100 else None


def _settings_of(path: Path | None) -> dict[str, str]:
    return {
        "GRPC_ADDRESS": "127.0.0.1:0" if path is None else f"unix:{path}",
        "GRPC_SOCKET_MODE": "0600",
        "HTTP_ADDRESS": "127.0.0.1:0",
        # Its addresses are logged at this level.
        "LOG_LEVEL": "info",
        "SHUTDOWN_GRACE": "0s",
        "EXIT_ON_STDIN_END": "on",
        "TEST_CONTROL": "on",
    }


def _as_variables(settings: Mapping[str, str]) -> dict[str, str]:
    return {_PREFIX + name: value for name, value in settings.items()}
