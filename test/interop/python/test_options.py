"""The options of clients."""

from __future__ import annotations

import unittest

from session_sidecar import AsyncSessionClient, SessionClient
from session_sidecar.transport.address import TcpAddress, UnixAddress, parse_address


class Options(unittest.TestCase):
    def test_addresses_are_parsed(self) -> None:
        cases = {
            "localhost:50051": TcpAddress("localhost", 50051),
            "[::1]:1": TcpAddress("::1", 1),
            "unix:/run/a.sock": UnixAddress("/run/a.sock"),
            "unix:///run/a.sock": UnixAddress("/run/a.sock"),
            "unix:a.sock": UnixAddress("a.sock"),
        }
        for text, address in cases.items():
            self.assertEqual(parse_address(text), address)
        self.assertEqual(TcpAddress("::1", 1).authority, "[::1]:1")

    def test_that_are_invalid_are_rejected(self) -> None:
        addresses = ["", "localhost", "localhost:", "localhost:65536", "dns:///a:1", "http://a:1", "::1:1", "unix:", "a:1\n"]
        for client in (SessionClient, AsyncSessionClient):
            for address in addresses:
                self.assertRaises(ValueError, client, address)
            for timeout in (0, -1, float("inf"), float("nan")):
                self.assertRaises(ValueError, client, "localhost:1", timeout=timeout)
            self.assertRaises(ValueError, client, "localhost:1", transport="udp")
