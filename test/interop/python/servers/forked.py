"""Opens a session, in a forked process too, and again: forked.py <address>. Exits with the code of the forked process."""

from __future__ import annotations

import os
import sys

from session_sidecar import SessionClient

client = SessionClient(sys.argv[1], timeout=30)
client.open("token")
pid = os.fork()
client.open("token")
client.close()
if pid != 0:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
