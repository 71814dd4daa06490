"""Pyramid's protection against forged requests, with each of its storage policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.config import Configurator
from pyramid.csrf import LegacySessionCSRFStoragePolicy, SessionCSRFStoragePolicy, get_csrf_token, new_csrf_token
from pyramid_world import PyramidTest, Visitor, living
from session_sidecar.pyramid import regenerate
from session_sidecar.web import mask_token

POLICIES: dict[str, Callable[[], Any] | None] = {
    "the default": None,
    "the legacy policy": LegacySessionCSRFStoragePolicy,
    "the session policy": SessionCSRFStoragePolicy,
}


def view(request: Any) -> dict[str, Any]:
    if request.method == "POST":
        request.session["posts"] = request.session.get("posts", 0) + 1
        if "login" in request.path:
            regenerate(request)
        return {"posts": request.session["posts"]}
    return {"token": new_csrf_token(request) if "new" in request.path else get_csrf_token(request)}


class Csrf(PyramidTest):
    def protect(self, policy: Callable[[], Any] | None) -> Visitor:
        def configure(config: Configurator) -> None:
            if policy is not None:
                config.set_csrf_storage_policy(policy())
            config.set_default_csrf_options(require_csrf=True)
            # Options apply to views that are added afterwards.
            config.add_route("form", "/form/*path")
            config.add_view(view, route_name="form", renderer="json")

        return self.form(configure)

    def form(self, configure: Callable[[Configurator], None]) -> Visitor:
        config = self.configurator()
        configure(config)
        return self.visitor(config.make_wsgi_app())

    def each_policy(self) -> Any:
        for name, policy in POLICIES.items():
            with self.subTest(name):
                yield self.protect(policy)

    def test_accepts_the_token_as_header_or_field(self) -> None:
        for visitor in self.each_policy():
            token = visitor.get("/form/").json["token"]
            self.assertEqual(visitor.get("/form/").json["token"], token)
            self.assertEqual(visitor.post("/form/", {"csrf_token": token}).json, {"posts": 1})
            self.assertEqual(visitor.post("/form/", X_CSRF_Token=token).json, {"posts": 2})

    def test_rejects_what_is_forged_and_changes_nothing(self) -> None:
        for visitor in self.each_policy():
            token = visitor.get("/form/").json["token"]
            self.assertEqual(visitor.post("/form/").status, 400)
            self.assertEqual(visitor.post(f"/form/?csrf_token={token}").status, 400)
            for wrong in ("", "guessed", token[:-1], "grüße", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")):
                self.assertEqual(visitor.post("/form/", {"csrf_token": wrong}).status, 400)
            self.assertEqual(visitor.post("/form/", {"csrf_token": token}).json, {"posts": 1})

    def test_rejects_the_tokens_of_other_visitors(self) -> None:
        for visitor in self.each_policy():
            visitor.get("/form/")
            other = Visitor(visitor.port).get("/form/").json["token"]
            self.assertEqual(visitor.post("/form/", {"csrf_token": other}).status, 400)

    def test_rejects_the_old_token_after_a_new_one_and_after_login(self) -> None:
        for visitor in self.each_policy():
            first = visitor.get("/form/").json["token"]
            second = visitor.get("/form/new").json["token"]
            self.assertNotEqual(first, second)
            self.assertEqual(visitor.post("/form/", {"csrf_token": first}).status, 400)
            session = visitor.token
            self.assertEqual(visitor.post("/form/login", {"csrf_token": second}).json, {"posts": 1})
            self.assertNotEqual(visitor.token, session)
            self.assertEqual(visitor.post("/form/", {"csrf_token": second}).status, 400)
            third = visitor.get("/form/").json["token"]
            self.assertEqual(visitor.post("/form/", {"csrf_token": third}).json, {"posts": 2})

    def test_stores_nothing_for_forged_requests_of_visitors_without_a_session(self) -> None:
        visitor = self.protect(None)
        before = living()
        for token in ("", "guessed"):
            answer = visitor.post("/form/", X_CSRF_Token=token)
            self.assertEqual((answer.status, answer.cookie), (400, "none"))
        self.assertEqual(living(), before)

    def test_uses_the_token_of_the_session_which_every_language_has(self) -> None:
        visitor = self.protect(None)
        token = visitor.get("/form/").json["token"]
        self.assertEqual(self.stored(visitor.token).csrf_token(), token)
        self.assertEqual(visitor.post("/form/", {"csrf_token": mask_token(token)}).json, {"posts": 1})

    def test_keeps_the_key_of_the_session_policy_as_pyramid_does(self) -> None:
        visitor = self.protect(SessionCSRFStoragePolicy)
        token = visitor.get("/form/").json["token"]
        self.assertEqual(self.stored(visitor.token)["_csrft_"], token)

    def test_checks_the_origin_over_https(self) -> None:
        def configure(config: Configurator) -> None:
            config.add_settings({"pyramid.csrf_trusted_origins": ["shop.example.com"]})
            config.set_default_csrf_options(require_csrf=True)
            config.add_route("form", "/form/*path")
            config.add_view(view, route_name="form", renderer="json")
            config.add_tween("test_pyramid_csrf.https_tween_factory")

        visitor = self.form(configure)
        token = visitor.get("/form/").json["token"]
        for origin, expected in (
            ("https://shop.example.com", 200),
            ("http://shop.example.com", 400),
            ("https://evil.example.com", 400),
            ("null", 400),
        ):
            with self.subTest(origin):
                self.assertEqual(visitor.post("/form/", {"csrf_token": token}, Origin=origin).status, expected)
        self.assertEqual(visitor.post("/form/", {"csrf_token": token}).status, 400)


def https_tween_factory(handler: Any, registry: Any) -> Any:
    def https_tween(request: Any) -> Any:
        request.scheme = "https"
        return handler(request)

    return https_tween
