"""External commands."""

import subprocess
from collections.abc import Iterator


def output_of(*command: str, given: bytes | None = None) -> str:
    """What the command prints. `given` is its standard input."""
    return subprocess.run(command, input=given, check=True, stdout=subprocess.PIPE).stdout.decode()


def lines_of(*command: str) -> Iterator[str]:
    """The lines that the command prints, one at a time, each with its line end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield from process.stdout
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
