"""An application whose requests are lists of steps on the session, for either library."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid_world import Visitor


class Oops(Exception):
    """What a request raises that ends with "raise"."""


def answer(error: Oops, request: Any) -> Response:
    return Response(json.dumps(request.results), status=500)


@dataclass
class Memory:
    """What a run remembers between its requests."""

    visitor: Visitor | None = None
    csrf_tokens: list[str] = field(default_factory=list)


# By name: what a step does. Whatever it returns is compared, and so is the name of the error that it raises.
STEPS: dict[str, Callable[..., Any]] = {
    "set": lambda session, key, value="1": session.__setitem__(key, json.loads(value)),
    "get": lambda session, key: session.get(key),
    "item": lambda session, key: session[key],
    "in": lambda session, key: key in session,
    "has_key": lambda session, key: session.has_key(key),
    "del": lambda session, key: session.__delitem__(key),
    "pop": lambda session, key: session.pop(key),
    "popitem": lambda session: list(session.popitem()),
    "setdefault": lambda session, key, value: session.setdefault(key, json.loads(value)),
    "update": lambda session, key, value: session.update({key: json.loads(value)}),
    "clear": lambda session: session.clear(),
    "keys": lambda session: sorted(session.keys()),
    "values": lambda session: sorted(session.values()),
    "items": lambda session: sorted(map(list, session.items())),
    "iter": lambda session: sorted(session),
    "append": lambda session, key, value: session[key].append(json.loads(value)),
    "changed": lambda session: session.changed(),
    "flash": lambda session, message, queue="": session.flash(message, queue),
    "flash-once": lambda session, message, queue="": session.flash(message, queue, allow_duplicate=False),
    "peek": lambda session, queue="": session.peek_flash(queue),
    "pop-flash": lambda session, queue="": session.pop_flash(queue),
    "new": lambda session: session.new,
    "created": lambda session: type(session.created).__name__,
    "invalidate": lambda session: session.invalidate(),
    "timeout": lambda session: session.timeout,
    "adjust-timeout": lambda session, seconds: session.adjust_timeout_for_session(int(seconds)),
    "max-age": lambda session, seconds: session.adjust_cookie_max_age(int(seconds)),
    "recookie": lambda session: session.please_recookie(),
    "ensure-id": lambda session: bool(session.ensure_id()),
    "persist": lambda session: session.do_persist(),
}


def page(memory: Memory) -> Callable[[Any], Any]:
    def take(request: Any, words: list[str]) -> Any:
        name, arguments = words[0], words[1:]
        session = request.session
        if name == "meanwhile":
            # Another request of the visitor, which is over before this one goes on.
            assert memory.visitor is not None
            other = Visitor(memory.visitor.port, dict(memory.visitor.cookies))
            return ask(other, " ".join(arguments).replace(",", ";"))[:2]
        if name in ("csrf", "new-csrf"):
            token = session.get_csrf_token() if name == "csrf" else session.new_csrf_token()
            memory.csrf_tokens.append(token)
            return memory.csrf_tokens.index(token)
        return STEPS[name](session, *arguments)

    def view(request: Any) -> Any:
        request.results = []
        for step in filter(None, request.GET["steps"].split("; ")):
            try:
                request.results.append(take(request, step.split()))
            except (KeyError, TypeError, ValueError) as error:
                request.results.append(type(error).__name__)
        end = request.GET["end"]
        if end == "raise":
            raise Oops
        if end == "redirect":
            raise HTTPSeeOther("/")
        if end == "cacheable":
            request.response.headers["Cache-Control"] = "public"
        if end == "fail":
            request.response.status = 500
        return request.results

    return view


def configure(config: Configurator, memory: Memory) -> Any:
    """Return the WSGI application."""
    config.add_route("page", "/")
    config.add_view(page(memory), route_name="page", renderer="json")
    config.add_exception_view(answer, context=Oops)
    return config.make_wsgi_app()


def ask(visitor: Visitor, request: str) -> list[Any]:
    """Send a request, such as "set a 1; get a -> redirect". Returns the status, the results and what happened to the cookie."""
    steps, _, end = request.partition(" -> ")
    found = visitor.get(f"/?steps={quote(steps)}&end={quote(end)}")
    return [found.status, found.json if found.text.startswith("[") else None, found.cookie]
