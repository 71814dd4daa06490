"""How the sidecar is run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

_VARIABLE = "SESSION_SIDECAR_TEST_COMMAND"
_INSTALLED = Path("node_modules", "@session-sidecar", "server", "dist", "main.js")


def find_command(environment: Mapping[str, str], directory: Path) -> list[str]:
    """Return the program and its arguments.

    These are the words of SESSION_SIDECAR_TEST_COMMAND, the npm package in directory or a folder above it, or a program on the
    PATH. Raises RuntimeError if there is no sidecar.
    """
    if words := environment.get(_VARIABLE, "").split():
        return words
    path = environment.get("PATH", "")
    mains = [folder / _INSTALLED for folder in (directory, *directory.parents)]
    main = next((main for main in mains if main.is_file()), None)
    if main is not None and (node := shutil.which("node", path=path)):
        return [node, str(main)]
    if main is None and (program := shutil.which("session-sidecar", path=path)):
        return [program]
    raise RuntimeError(
        f"{main} needs Node.js, which is not on the PATH"
        if main is not None
        else "There is no session sidecar in node_modules and none on the PATH. Install it with "
        f"`npm install --save-dev @session-sidecar/server`, or set {_VARIABLE} to a command that runs it"
    )
