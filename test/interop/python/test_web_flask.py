"""How the Flask extension is configured. What it does is tested in its server: see test/interop/python-web."""

from __future__ import annotations

import unittest
from datetime import timedelta
from typing import Any

from flask import Flask
from session_sidecar import SessionClient
from session_sidecar.flask import CsrfProtect, SessionSidecar
from session_sidecar.flask.cookie_config import cookie_of
from session_sidecar.web import CookieOptions, CsrfError

ADDRESS = "127.0.0.1:1"


def app_with(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(config)
    return app


class CookieTest(unittest.TestCase):
    def test_is_the_safest_one_by_default(self) -> None:
        month = 31 * 24 * 3600
        self.assertEqual(cookie_of(app_with()), CookieOptions(max_age=month, rolling=True))

    def test_is_what_the_configuration_says(self) -> None:
        app = app_with(
            SESSION_COOKIE_NAME="id",
            SESSION_COOKIE_DOMAIN="example.com",
            SESSION_COOKIE_PATH="/shop",
            SESSION_COOKIE_SECURE=True,
            SESSION_COOKIE_HTTPONLY=False,
            SESSION_COOKIE_SAMESITE="None",
            SESSION_COOKIE_PARTITIONED=True,
            SESSION_REFRESH_EACH_REQUEST=False,
            PERMANENT_SESSION_LIFETIME=60,
        )
        options: dict[str, Any] = {"name": "id", "domain": "example.com", "path": "/shop", "secure": True, "http_only": False}
        self.assertEqual(cookie_of(app), CookieOptions(same_site="none", partitioned=True, max_age=60, **options))
        self.assertEqual(cookie_of(app_with(APPLICATION_ROOT="/app")).path, "/app")

    def test_is_refused_with_the_name_of_the_setting(self) -> None:
        table: list[tuple[str, Any]] = [
            ("SESSION_COOKIE_NAME", "a b"),
            ("SESSION_COOKIE_DOMAIN", "exa mple.com"),
            ("SESSION_COOKIE_PATH", "shop"),
            ("SESSION_COOKIE_SECURE", "yes"),
            ("SESSION_COOKIE_SAMESITE", "sometimes"),
            ("SESSION_COOKIE_HTTPONLY", None),
            ("PERMANENT_SESSION_LIFETIME", timedelta()),
        ]
        for setting, value in table:
            app = app_with(**{setting: value})
            with self.subTest(setting=setting), self.assertRaisesRegex((TypeError, ValueError), f"`{setting}`"):
                SessionSidecar(app, ADDRESS)
            self.assertNotIn("session_sidecar", app.extensions)

    def test_follows_a_configuration_that_changes_later(self) -> None:
        app = app_with()
        SessionSidecar(app, ADDRESS)
        interface: Any = app.session_interface
        before = interface.options_of(app)
        self.assertIs(interface.options_of(app), before)
        app.config["SESSION_COOKIE_NAME"] = "id"
        self.assertEqual(interface.options_of(app).cookie.name, "id")


class OptionsTest(unittest.TestCase):
    def test_are_checked(self) -> None:
        client = SessionClient(ADDRESS)
        with self.assertRaisesRegex(ValueError, "`address`, `client` or .*SESSION_SIDECAR_ADDRESS"):
            SessionSidecar(app_with())
        with self.assertRaisesRegex(ValueError, "either `address` or `client`"):
            SessionSidecar(app_with(), ADDRESS, client=client)
        wrong: Any = "ignore"
        with self.assertRaisesRegex(ValueError, "`when_unavailable`"):
            SessionSidecar(app_with(), ADDRESS, when_unavailable=wrong)
        with self.assertRaisesRegex(TypeError, "`on_unsaved`"):
            SessionSidecar(app_with(), ADDRESS, on_unsaved=wrong)
        with self.assertRaisesRegex(ValueError, "`trusted_origins`"):
            CsrfProtect(app_with(), trusted_origins=["shop.example.com"])

    def test_may_be_in_the_configuration_and_shared_by_applications(self) -> None:
        SessionSidecar(app_with(SESSION_SIDECAR_ADDRESS=ADDRESS))
        client = SessionClient(ADDRESS)
        shared = SessionSidecar(client=client)
        apps = [app_with(), app_with()]
        for app in apps:
            shared.init_app(app)
        self.assertEqual([app.extensions["session_sidecar"] for app in apps], [client, client])


class HandlersTest(unittest.TestCase):
    def test_are_those_of_the_application_whenever_it_registers_them(self) -> None:
        for is_first in (True, False):
            app = app_with()
            if is_first:
                app.register_error_handler(CsrfError, lambda error: ("own page", 418))
            SessionSidecar(app, ADDRESS)
            CsrfProtect(app)
            if not is_first:
                app.register_error_handler(CsrfError, lambda error: ("own page", 418))
            app.add_url_rule("/form", view_func=lambda: "done", methods=["POST"])
            self.assertEqual(app.test_client().post("/form").status_code, 418)


class CsrfTest(unittest.TestCase):
    def test_leaves_out_what_is_exempt_and_what_does_not_exist(self) -> None:
        app = app_with()
        SessionSidecar(app, ADDRESS)
        csrf = CsrfProtect(app)

        @app.post("/hook")
        @csrf.exempt
        def hook() -> str:
            return "done"

        @app.post("/form")
        def form() -> str:
            return "{}".format(app.jinja_env.globals["csrf_token"])

        browser = app.test_client()
        answers = [browser.post(path).status_code for path in ("/hook", "/form", "/nowhere")]
        self.assertEqual(answers, [200, 403, 403])


if __name__ == "__main__":
    unittest.main()
