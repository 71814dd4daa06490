"""What the tests of sessions in Pyramid share: applications behind a real server, and visitors with browsers.

SIDECAR_ADDRESS and SIDECAR_HTTP_URL name the sidecar that the tests run against.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import unittest
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import waitress
from pyramid.config import Configurator
from pyramid.events import NewResponse
from pyramid.request import Request
from session_sidecar import Session, SessionClient
from session_sidecar.pyramid import PyramidSession

ADDRESS = os.environ["SIDECAR_ADDRESS"]
HTTP_URL = os.environ["SIDECAR_HTTP_URL"]
# Calls may take long on a busy machine.
SETTINGS = {"session_sidecar.address": ADDRESS, "session_sidecar.call_timeout": "30"}

View = Callable[[Any], Any]


@dataclass
class Answer:
    """What a browser was sent."""

    status: int
    headers: list[tuple[str, str]]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def header(self, name: str) -> str | None:
        values = [value for each, value in self.headers if each.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def set_cookies(self) -> list[str]:
        return [value for name, value in self.headers if name.lower() == "set-cookie"]

    @property
    def cookie(self) -> str:
        """What happened to the cookie: "set", "delete" or "none"."""
        kinds = {"delete" if re.search(r"max-age=0\b", each, re.IGNORECASE) else "set" for each in self.set_cookies}
        return kinds.pop() if len(kinds) == 1 else "none" if not kinds else "both"


@dataclass
class Visitor:
    """A browser. It keeps cookies and does not follow redirects."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str = "/", **headers: str) -> Answer:
        return self.request("GET", path, None, headers)

    def post(self, path: str = "/", fields: Mapping[str, str] | None = None, **headers: str) -> Answer:
        return self.request("POST", path, urlencode(fields or {}), headers)

    def request(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        """Headers have underscores in place of hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read().decode())
        finally:
            connection.close()
        for cookie in answer.set_cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return answer

    @property
    def token(self) -> str | None:
        return self.cookies.get("session")


class PyramidTest(unittest.TestCase):
    """A test with applications that waitress serves."""

    client: SessionClient

    @classmethod
    def setUpClass(cls) -> None:
        cls.client = SessionClient(ADDRESS, timeout=30)
        cls.addClassCleanup(cls.client.close)

    def stored(self, token: str | None) -> Session:
        """Return what another application finds with a token."""
        return self.client.open(token)

    def configurator(self, **settings: Any) -> Configurator:
        """Return a Configurator that includes the package. Settings are those of the package, without a prefix."""
        own = {f"session_sidecar.{name}": value for name, value in settings.items()}
        config = Configurator(settings={**SETTINGS, **own})
        config.include("session_sidecar.pyramid")
        return config

    def serve(self, view: View, configure: Callable[[Configurator], Any] = lambda config: None, **settings: Any) -> Visitor:
        """Serve an application in which a view answers all requests, and return a visitor of it."""
        config = self.configurator(**settings)
        config.add_route("any", "/*path")
        config.add_view(view, route_name="any", renderer="json")
        configure(config)
        return self.visitor(config.make_wsgi_app())

    def visitor(self, app: Any) -> Visitor:
        server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4, clear_untrusted_proxy_headers=False)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()

        def stop() -> None:
            # Its workers may still be busy with answers that were read.
            server.task_dispatcher.shutdown()
            # The thread that waits for sockets must close them, and may have done so before it is woken.
            with suppress(OSError):
                server.trigger.pull_trigger(server.close)
            thread.join(30)

        self.addCleanup(stop)
        return Visitor(server.effective_port)


class SessionTest(PyramidTest):
    """A test with the session of one request, without a server."""

    def setUp(self) -> None:
        self.registry = self.committed()
        self.session = self.opened(None)

    def committed(self, **settings: Any) -> Any:
        config = self.configurator(client=self.client, **settings)
        config.commit()
        return config.registry

    def opened(self, token: str | None) -> PyramidSession:
        """Return the session of a new request with this token."""
        request = Request.blank("/", cookies={"session": token} if token else {})
        request.registry = self.registry
        session: PyramidSession = request.session
        return session

    def saved(self, **content: Any) -> PyramidSession:
        """Return the session of a request whose visitor has a session with this content."""
        session = self.opened(None)
        session.update(content)
        session.save()
        return self.opened(session.loaded.token)

    def reopened(self, session: PyramidSession) -> PyramidSession:
        """Save a session, and return that of the visitor's next request."""
        session.save()
        return self.opened(session.loaded.token)


def subscribed(listener: Any) -> Any:
    return lambda config: config.add_subscriber(listener, NewResponse)


def quietly(action: Any) -> Any:
    """Run an action whose errors waitress and the package log."""
    logging.disable(logging.CRITICAL)
    try:
        return action()
    finally:
        logging.disable(logging.NOTSET)


def created() -> int:
    """Return how many sessions were ever created."""
    return _total("sessions_created")


def living() -> int:
    """Return how many sessions were created and not ended since."""
    return _total("sessions_created") - _total("sessions_invalidated")


def calls(method: str) -> int:
    """Return how many calls of a method the sidecar has answered."""
    return _total("rpcs", f'method="{method}"')


def _total(metric: str, label: str = "") -> int:
    with urlopen(f"{HTTP_URL}/metrics") as response:
        lines = response.read().decode().splitlines()
    return sum(
        int(line.rpartition(" ")[2]) for line in lines if line.startswith(f"session_sidecar_{metric}_total") and label in line
    )
