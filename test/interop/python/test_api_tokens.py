"""How the client authenticates itself to the sidecar."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import traceback
import unittest
from pathlib import Path
from typing import Any

import grpc
from fake_sidecar import Call, FakeSidecar, Refusal
from session_sidecar import SessionClient, SessionError
from session_sidecar.transport.api_token import metadata_of
from support import SECRET, ClientTest, in_every_mode


class ApiTokens(ClientTest):
    def test_are_sent_with_every_call(self) -> None:
        with FakeSidecar() as fake:
            with self.patient(fake, api_token=SECRET) as client:
                session = client.open("token")
                session["key"] = 1
                session.save()
            with self.patient(fake) as client:
                client.open("token")
        self.assertEqual([call.metadata.get("authorization") for call in fake.calls], [f"Bearer {SECRET}"] * 2 + [None])

    def test_are_read_again_when_their_file_changes(self) -> None:
        with tempfile.TemporaryDirectory() as directory, FakeSidecar() as fake:
            path = Path(directory) / "token"

            def replace(text: str) -> None:
                path.with_suffix(".new").write_text(text)
                os.replace(path.with_suffix(".new"), path)

            with self.patient(fake, api_token_file=path) as client:
                with self.assertRaises(SessionError) as raised:
                    client.open("token")
                self.assertEqual(raised.exception.code, "API_TOKEN_INVALID")
                self.assertIn(str(path), str(raised.exception))
                for text in ("  first\n", "other\n", None, "not\nfit\n"):
                    if text is None:
                        path.unlink()
                    else:
                        replace(text)
                    client.open("token")
        sent = [call.metadata["authorization"] for call in fake.calls]
        self.assertEqual(sent, ["Bearer first", "Bearer other", "Bearer other", "Bearer other"])

    def test_are_never_printed(self) -> None:
        def refuse(_: Call) -> Any:
            raise Refusal(grpc.StatusCode.UNAUTHENTICATED, "API_TOKEN_INVALID")

        with FakeSidecar(refuse) as fake, self.patient(fake, api_token=SECRET) as client:
            with self.assertRaises(SessionError) as raised:
                client.open("token")
            self.assertEqual(raised.exception.code, "API_TOKEN_INVALID")
            printed = [*traceback.format_exception(raised.exception), repr(client), repr(vars(client)), repr(client.create())]
            self.assertNotIn(SECRET, "".join(printed))
        for unfit in (f"{SECRET}\n", f"{SECRET} two", "", "grün"):
            with self.assertRaises(ValueError) as refused:
                SessionClient("localhost:1", api_token=unfit)
            self.assertNotIn(SECRET, "".join(traceback.format_exception(refused.exception)))

    def test_a_token_and_a_file_are_rejected_together(self) -> None:
        with self.assertRaises(ValueError):
            SessionClient("localhost:1", api_token=SECRET, api_token_file="/token")


class ApiTokenFiles(unittest.TestCase):
    def test_are_read_by_a_process_that_was_forked_while_a_thread_read_one(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path, fifo = Path(directory) / "token", Path(directory) / "fifo"
            os.mkfifo(fifo)
            os.link(fifo, path)
            metadata = metadata_of(None, path)
            reader = threading.Thread(target=metadata)
            reader.start()
            with fifo.open("w") as writer:  # Waits until the thread reads.
                path.unlink()
                path.write_text("token")
                pid = os.fork()
                if pid == 0:
                    signal.alarm(10)
                    os._exit(0 if metadata() == (("authorization", "Bearer token"),) else 1)
                _, status = os.waitpid(pid, 0)
                writer.write("token")
            reader.join()
            self.assertEqual(os.waitstatus_to_exitcode(status), 0)


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    return in_every_mode(ApiTokens, once=(ApiTokenFiles,))
