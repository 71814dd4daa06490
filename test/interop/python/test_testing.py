"""session_sidecar.testing, with real sidecars. Its fixtures are tested by docs/guide/testing.md."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest import mock

from session_sidecar import AsyncSessionClient, SessionClient
from session_sidecar.testing import Sidecar, start_sidecar
from session_sidecar.testing.command import find_command
from support import until

HOUR = timedelta(hours=1)


def socket_of(address: str) -> Path:
    return Path(address.removeprefix("unix:"))


def utcnow() -> datetime:
    return datetime.now(timezone.utc)


class TestingTest(unittest.TestCase):
    def start(self, **options: Any) -> Sidecar:
        sidecar = start_sidecar(**options)
        self.addCleanup(sidecar.stop)
        return sidecar

    def connect(self, sidecar: Sidecar, **options: Any) -> SessionClient:
        client = SessionClient(sidecar.address, timeout=20, **options)
        self.addCleanup(client.close)
        return client

    def new_session(self, client: SessionClient) -> str:
        """Store a session and return its token."""
        session = client.create()
        session["user"] = "Ada"
        session.save()
        assert session.token is not None
        return session.token

    def set_variables(self, **variables: str) -> None:
        patch = mock.patch.dict(os.environ, variables)
        patch.start()
        self.addCleanup(patch.stop)

    def assert_fails(self, expected: str, kind: type[Exception] = RuntimeError, **options: Any) -> None:
        with self.assertRaises(kind) as raised:
            start_sidecar(**options)
        self.assertIn(expected, str(raised.exception))


class ClockTest(TestingTest):
    def setUp(self) -> None:
        self.sidecar = self.start()

    def test_a_session_ends_when_the_clock_is_moved(self) -> None:
        caching = self.connect(self.sidecar, cache_bytes=1 << 20)
        token = self.new_session(caching)
        for _ in range(50):
            self.assertEqual(caching.open(token).origin, "found")
        self.sidecar.advance(timedelta(minutes=19))
        self.assertEqual(caching.open(token).origin, "found")
        moved = self.sidecar.advance(HOUR)
        self.assertEqual(caching.open(token).origin, "not_found")
        self.assertAlmostEqual((moved - utcnow()) / timedelta(minutes=1), 79, delta=1)
        self.assertEqual(caching.cache_stats.live, 0)

    def test_a_coroutine_can_move_it(self) -> None:
        async def main() -> str:
            async with AsyncSessionClient(self.sidecar.address, timeout=20) as client:
                session = client.create()
                session["user"] = "Ada"
                await session.save()
                self.sidecar.advance(HOUR)
                return (await client.open(session.token)).origin

        self.assertEqual(asyncio.run(main()), "not_found")

    def test_reset_ends_sessions_and_sets_the_clock(self) -> None:
        client = self.connect(self.sidecar)
        token = self.new_session(client)
        self.sidecar.advance(HOUR)
        self.sidecar.reset()
        self.assertEqual(client.open(token).origin, "not_found")
        self.assertLessEqual(self.sidecar.now(), utcnow())

    def test_it_does_not_move_back_or_past_what_a_timestamp_can_hold(self) -> None:
        with self.assertRaisesRegex(ValueError, "Expected a time from 0 up"):
            self.sidecar.advance(-HOUR)
        with self.assertRaisesRegex(RuntimeError, "ends before the year 10000"):
            self.sidecar.advance(timedelta(days=366 * 8000))
        self.assertLessEqual(self.sidecar.now(), utcnow())


class StartTest(TestingTest):
    def test_each_caller_gets_a_sidecar_that_ends_when_it_is_stopped(self) -> None:
        with start_sidecar() as one, start_sidecar() as other:
            self.assertNotEqual(one.address, other.address)
            self.assertEqual(socket_of(one.address).stat().st_mode & 0o777, 0o600)
        self.assertFalse(socket_of(one.address).exists())
        one.stop()

    def test_it_ends_with_the_process_that_has_started_it_even_if_that_is_killed(self) -> None:
        program = "from session_sidecar.testing import start_sidecar; print(start_sidecar().address, flush=True); input()"
        pipe = subprocess.PIPE
        with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, text=True) as parent:
            assert parent.stdout is not None
            socket = socket_of(parent.stdout.readline().strip())
            self.assertTrue(socket.exists())
            parent.kill()
        until("the end of the sidecar", lambda: not socket.exists())

    def test_it_can_be_stopped_while_a_forked_process_runs(self) -> None:
        context = multiprocessing.get_context("fork")
        sidecar = self.start()
        forked = context.Process(target=time.sleep, args=(60,), daemon=True)
        forked.start()
        self.addCleanup(forked.kill)
        # A sidecar that is killed leaves its socket, so its own end is what removes it here.
        with mock.patch.object(Path, "unlink") as unlink:
            sidecar.stop()
        unlink.assert_called()
        self.assertFalse(socket_of(sidecar.address).exists())

    def test_variables_of_the_application_do_not_count(self) -> None:
        self.set_variables(REDIS_URL="redis://localhost:1", SESSION_SIDECAR_SIGNING_KEYS="none", NODE_OPTIONS="--no-such-option")
        self.new_session(self.connect(self.start()))

    def test_a_port_is_used_if_the_path_of_a_socket_would_be_too_long(self) -> None:
        with mock.patch.object(tempfile, "gettempdir", lambda: "/" + "x" * 100):
            self.assertRegex(self.start().address, r"^127\.0\.0\.1:\d+$")

    def test_settings(self) -> None:
        sidecar = self.start(settings={"IDLE_TIMEOUT": "2s"})
        client = self.connect(sidecar)
        token = self.new_session(client)
        sidecar.advance(timedelta(seconds=10))
        self.assertEqual(client.open(token).origin, "not_found")

    def test_invalid_settings(self) -> None:
        self.assert_fails("SESSION_SIDECAR_IDLE_TIMEOUT: Expected a duration", settings={"IDLE_TIMEOUT": "1"})
        self.assert_fails("IDLE_TIMEOUTS is set, but is not a setting", settings={"IDLE_TIMEOUTS": "1h"})
        self.assert_fails("must not have GRPC_ADDRESS", ValueError, settings={"GRPC_ADDRESS": "127.0.0.1:0"})

    def test_invalid_commands(self) -> None:
        self.assert_fails("No such file", command=["/no/such/program"])
        self.assert_fails("no space left", command=["sh", "-c", "echo no space left; exit 3"])
        self.assert_fails("to name a program", ValueError, command=[])


class FindCommandTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def program(self, path: str) -> str:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o755)
        return str(file)

    def test_the_words_of_the_variable_come_first(self) -> None:
        self.program("node_modules/@session-sidecar/server/dist/main.js")
        environment = {"SESSION_SIDECAR_TEST_COMMAND": " docker run  -i sidecar ", "PATH": str(self.folder)}
        self.assertEqual(find_command(environment, self.folder), ["docker", "run", "-i", "sidecar"])

    def test_a_package_in_a_folder_above_precedes_a_program_on_the_path(self) -> None:
        main = self.program("node_modules/@session-sidecar/server/dist/main.js")
        self.program("bin/session-sidecar")
        path = {"PATH": str(self.folder / "bin")}
        with self.assertRaisesRegex(RuntimeError, "needs Node.js, which is not on the PATH"):
            find_command(path, self.folder / "shop")
        node = self.program("bin/node")
        self.assertEqual(find_command(path, self.folder / "shop"), [node, main])

    def test_a_program_on_the_path(self) -> None:
        program = self.program("bin/session-sidecar")
        self.assertEqual(find_command({"PATH": str(self.folder / "bin")}, self.folder), [program])

    def test_without_a_sidecar_it_says_how_to_install_one(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "npm install --save-dev @session-sidecar/server"):
            find_command({"PATH": str(self.folder)}, self.folder)


class JoinTest(TestingTest):
    def test_a_sidecar_is_joined_and_left_running(self) -> None:
        running = self.start()
        self.set_variables(SESSION_SIDECAR_TEST_ADDRESS=running.address)
        with start_sidecar() as joined:
            self.assertEqual(joined.address, running.address)
            joined.advance(HOUR)
        self.assertGreater(running.now(), utcnow() + timedelta(minutes=59))
        self.assert_fails("settings cannot be applied", ValueError, settings={"IDLE_TIMEOUT": "1h"})

    def test_there_is_none(self) -> None:
        self.set_variables(SESSION_SIDECAR_TEST_ADDRESS="unix:/no/such.sock")
        self.assert_fails("SESSION_SIDECAR_TEST_ADDRESS: The session sidecar at unix:/no/such.sock does not answer")
        self.set_variables(SESSION_SIDECAR_TEST_ADDRESS="no address")
        self.assert_fails("SESSION_SIDECAR_TEST_ADDRESS: Expected the address to be")

    def test_it_does_not_let_tests_control_it(self) -> None:
        node = shutil.which("node")
        built = Path(__file__).parents[3] / "server" / "dist" / "main.js"
        with tempfile.TemporaryDirectory() as folder:
            address = f"unix:{folder}/sidecar.sock"
            settings = {"SESSION_SIDECAR_GRPC_ADDRESS": address, "SESSION_SIDECAR_HTTP_ADDRESS": "127.0.0.1:0"}
            with subprocess.Popen(
                [str(node), str(built)], env={**os.environ, **settings}, stdout=subprocess.DEVNULL
            ) as uncontrolled:
                self.addCleanup(uncontrolled.kill)
                until("the socket", socket_of(address).exists)
                self.set_variables(SESSION_SIDECAR_TEST_ADDRESS=address)
                self.assert_fails("does not let tests control it: it needs SESSION_SIDECAR_TEST_CONTROL=on")
                uncontrolled.kill()


if __name__ == "__main__":
    unittest.main()
