"""The settings of an application."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from inspect import signature
from typing import Any

from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid_world import SETTINGS, PyramidTest
from session_sidecar.pyramid import SidecarSessionFactory, check_response_allow_cookies, session_factory_from_settings
from session_sidecar.pyramid.settings import READERS

# Where the settings of pyramid_redis_sessions that the application no longer has are named instead.
MOVED = {
    "secret": "SESSION_SIDECAR_SIGNING_KEYS",
    "url": "REDIS_URL",
    "host": "REDIS_URL",
    "port": "REDIS_URL",
    "db": "SESSION_SIDECAR_REDIS_DB",
    "password": "SESSION_SIDECAR_REDIS_PASSWORD",
    "socket_timeout": "SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT",
    "connection_pool": "sidecar owns the connections",
    "encoding": "UTF-8",
    "encoding_errors": "UTF-8",
    "unix_socket_path": "unix:///",
    "client_callable": "sidecar is the Redis client",
    "serialize": "JSON",
    "deserialize": "JSON",
    "id_generator": "256 random bits",
    "prefix": "SESSION_SIDECAR_REDIS_KEY_PREFIX",
}


class MovedSettings(unittest.TestCase):
    def test_say_where_they_live_now(self) -> None:
        for name, place in MOVED.items():
            with self.subTest(name):
                error = self.refusal(**{f"redis.sessions.{name}": "any"})
                self.assertIn(f"redis.sessions.{name} ", error)
                self.assertIn(place, error)
                self.assertIn("delete the setting", error)

    def test_are_reported_together_with_all_other_mistakes(self) -> None:
        error = self.refusal(
            **{
                "redis.sessions.secret": "s3cret",
                "redis.sessions.url": "redis://:hunter2@redis:6379/0",
                "redis.sessions.timeout": "soon",
                "session_sidecar.cookie_nmae": "shop",
            }
        )
        for part in ("redis.sessions.secret", "redis.sessions.url", "redis.sessions.timeout", "session_sidecar.cookie_nmae"):
            self.assertIn(part, error)
        for value in ("s3cret", "hunter2", "soon", "shop"):
            self.assertNotIn(value, error)

    def refusal(self, **settings: Any) -> str:
        with self.assertRaises(ConfigurationError) as raised:
            session_factory_from_settings(settings)
        return str(raised.exception)


class Settings(PyramidTest):
    def test_may_have_either_prefix_but_not_both(self) -> None:
        for prefix in ("redis.sessions.", "session_sidecar."):
            session_factory_from_settings({prefix + "cookie_name": "shop"})
        with self.assertRaisesRegex(ConfigurationError, "cookie_name is set twice"):
            session_factory_from_settings({"redis.sessions.cookie_name": "a", "session_sidecar.cookie_name": "b"})

    def test_of_a_former_settings_file_work(self) -> None:
        former = {"timeout": "60", "cookie_name": "shop", "cookie_max_age": "3600", "cookie_path": "/", "cookie_secure": "false"}
        former |= {"cookie_httponly": "true", "cookie_on_exception": "true"}
        config = Configurator(settings={**SETTINGS, **{f"redis.sessions.{name}": value for name, value in former.items()}})
        config.include("session_sidecar.pyramid")
        config.add_route("any", "/*path")
        config.add_view(toggle, route_name="any", renderer="json")
        visitor = self.visitor(config.make_wsgi_app())
        (cookie,) = visitor.get().set_cookies
        self.assertEqual(set(cookie.split("; ")[1:]), {"Max-Age=3600", "Path=/", "HttpOnly", "SameSite=Lax"})
        timeout = self.stored(visitor.cookies["shop"]).idle_timeout
        self.assertEqual(timeout and timeout.total_seconds(), 60)

    def test_without_a_prefix_belong_to_others(self) -> None:
        session_factory_from_settings({"secret": "x", "redis.secret": "x", "cookie_nmae": "x", "pyramid.includes": ""})

    def test_that_are_unknown_are_listed_with_those_that_exist(self) -> None:
        with self.assertRaisesRegex(ConfigurationError, "session_sidecar.cookie_nmae is not a setting.*cookie_name"):
            session_factory_from_settings({"session_sidecar.cookie_nmae": "shop"})

    def test_are_named_by_their_last_part(self) -> None:
        with self.assertRaisesRegex(ConfigurationError, "redis.sessions.shop.timeout to be a whole number"):
            session_factory_from_settings({"redis.sessions.shop.timeout": "soon"})

    def test_of_a_wrong_kind_name_what_is_expected(self) -> None:
        for name, value, expected in (
            ("timeout", "1.5", "a whole number"),
            ("cookie_max_age", "a day", "a whole number"),
            ("call_timeout", "soon", "a number"),
            ("func_invalid_logger", "no.such.module", "cannot be imported"),
            ("func_check_response_allow_cookies", 7, "a function"),
            ("cookie_samesite", "sometimes", "cookie_samesite"),
            ("cookie_path", "shop", "cookie_path"),
            ("cookie_max_age", "0", "cookie_max_age"),
            ("timeout", "-1", "timeout"),
            ("transport", "pigeon", "transport"),
        ):
            with self.subTest(name=name, value=value):
                config = Configurator(settings={**SETTINGS, f"session_sidecar.{name}": value})
                with self.assertRaisesRegex(ConfigurationError, expected):
                    config.include("session_sidecar.pyramid")

    def test_may_be_dotted_names(self) -> None:
        for name in ("session_sidecar.pyramid.check_response_allow_cookies", check_response_allow_cookies):
            with self.subTest(name=name):
                visitor = self.serve(cacheable, func_check_response_allow_cookies=name)
                self.assertEqual(visitor.get().cookie, "none")

    def test_of_the_cookie_are_its_attributes(self) -> None:
        every: dict[str, Any] = {
            "cookie_name": "shop",
            "cookie_path": "/shop",
            "cookie_domain": "shop.example.com",
            "cookie_max_age": "3600",
        }
        every |= {"cookie_secure": "true", "cookie_httponly": "false", "cookie_samesite": "None"}
        visitor = self.serve(toggle, **every)
        expected = {"Max-Age=3600", "Path=/shop", "Domain=shop.example.com", "Secure", "SameSite=None"}
        (cookie,) = visitor.get().set_cookies
        name, *attributes = cookie.split("; ")
        self.assertRegex(name, "^shop=[^=]{60,}$")
        self.assertEqual(set(attributes), expected)
        (deletion,) = visitor.get().set_cookies
        name, *attributes = deletion.split("; ")
        self.assertEqual(name, "shop=")
        self.assertLessEqual({"Max-Age=0", "Path=/shop", "Domain=shop.example.com", "Secure"}, set(attributes))

    def test_of_the_cookie_have_the_defaults_of_pyramid_redis_sessions(self) -> None:
        (cookie,) = self.serve(toggle).get().set_cookies
        name, *attributes = cookie.split("; ")
        self.assertRegex(name, "^session=")
        self.assertEqual(set(attributes), {"Path=/", "HttpOnly", "SameSite=Lax"})

    def test_let_the_cookie_be_secure_over_https(self) -> None:
        for setting, expected in (("auto", True), ("false", False), ("true", True)):
            with self.subTest(setting):
                (cookie,) = self.serve(over_https(toggle), cookie_secure=setting).get().set_cookies
                self.assertEqual("; Secure" in cookie, expected)

    def test_of_the_timeout_apply_to_new_sessions(self) -> None:
        for given, expected in (("1200", 1200), (7, 7), ("None", None), ("0", None), (0, None), (None, None)):
            with self.subTest(given=given):
                visitor = self.serve(toggle, timeout=given)
                visitor.get()
                timeout = self.stored(visitor.token).idle_timeout
                self.assertEqual(timeout and timeout.total_seconds(), expected)

    def test_leave_the_timeout_to_the_sidecar(self) -> None:
        visitor = self.serve(toggle)
        visitor.get()
        timeout = self.stored(visitor.token).idle_timeout
        self.assertEqual(timeout and timeout.total_seconds(), 1200)


class Factory(PyramidTest):
    def test_takes_the_options_of_the_settings(self) -> None:
        self.assertEqual(set(signature(SidecarSessionFactory).parameters), set(READERS))
        with self.assertRaisesRegex(TypeError, "secret"):
            SidecarSessionFactory(secret="any")  # type: ignore[call-arg]

    def test_takes_a_client_of_the_application(self) -> None:
        visitor = self.serve(toggle, client=self.client, address="127.0.0.1:1")
        visitor.get()
        self.assertIs(self.client.open(visitor.token).is_new, False)


def toggle(request: Any) -> dict[str, Any]:
    """Start a session, or end the one there is."""
    if request.session.new:
        request.session["visits"] = 1
    else:
        request.session.invalidate()
    return {}


def cacheable(request: Any) -> dict[str, Any]:
    request.session["visits"] = 1
    request.response.headers["Cache-Control"] = "public"
    return {}


def over_https(view: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def wrapped(request: Any) -> Any:
        request.scheme = "https"
        return view(request)

    return wrapped
