"""Fixtures for pytest. In the conftest.py of the root folder: pytest_plugins = ["session_sidecar.testing.fixtures"]."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from .sidecar import Sidecar, start_sidecar


@pytest.fixture(scope="session")
def sidecar_settings() -> Mapping[str, str]:
    """The settings argument of start_sidecar(). A fixture of this name in conftest.py replaces it. Default: none."""
    return {}


@pytest.fixture(scope="session")
def running_sidecar(sidecar_settings: Mapping[str, str]) -> Iterator[Sidecar]:
    """The sidecar of this process, for fixtures of the application that outlive a test. It may have sessions of earlier tests."""
    with start_sidecar(sidecar_settings) as sidecar:
        yield sidecar


@pytest.fixture
def sidecar(running_sidecar: Sidecar) -> Sidecar:
    """The same sidecar, without sessions and with the real time at the start of each test."""
    running_sidecar.reset()
    return running_sidecar
