"""What the benchmark tells an application, in environment variables. See bench/src/app-process.ts."""

from __future__ import annotations

import os

# Whether sessions are kept by the sidecar rather than by the library that the framework's users have.
USES_SIDECAR = os.environ["STORE"] != "library"
# The room of the client's cache: that of all sessions of a run, or none.
CACHE_BYTES = 2**30 if os.environ["STORE"] == "cached" else None
ADDRESS = os.environ["SIDECAR_ADDRESS"]
# So long that a machine that stalls shows in the latencies and not as failed requests.
TIMEOUT = 10
REDIS_PORT = int(os.environ["REDIS_PORT"])
PORT = int(os.environ["PORT"])
THREADS = int(os.environ["THREADS"])
