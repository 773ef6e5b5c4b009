"""What to run → one running process in its own group, with its output pumped away."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from controlplane.common.supervisor import launch
from controlplane.common.supervisor.backoff import Backoff
from controlplane.common.supervisor.output import start_pump

Say = Callable[[str, str], None]  # (who, what) → the console


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One process: its name, command, environment and place in the order of stopping."""

    name: str
    argv: tuple[str, ...]  # the first word is an absolute path
    environment: tuple[tuple[str, str], ...]
    rank: int = 1  # higher ranks stop first; the broker is 0
    files: tuple[int, ...] = ()  # descriptors it inherits
    echo: bool = True  # whether its warnings reach the console


class Child:
    """A process that can be started again; all times are seconds of `time.monotonic`."""

    def __init__(self, spec: ChildSpec, *, logs: Path, cwd: Path, say: Say) -> None:
        self.spec = spec
        self._logs, self._cwd, self._say = logs, cwd, say
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._backoff = Backoff()
        self._due: float | None = None

    @property
    def pid(self) -> int | None:
        """The running process's id, or None."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start it now. Call from the main thread only: PDEATHSIG watches the starting thread."""
        self._due, self._started = None, time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), *self.spec.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._cwd,
            env=dict(self.spec.environment),
            pass_fds=self.spec.files,
            process_group=0,
        )
        show = (lambda line: self._say(self.spec.name, line)) if self.spec.echo else None
        if self._process.stdout is not None:
            start_pump(self._process.stdout, self._logs / f"{self.spec.name}.log", show)

    def exited(self) -> int | None:
        """The exit status of a process that ended since the last call, else None.

        What the process left of its group goes with it: a pool process that outlives its killed
        parent would hold a task that nobody watches.
        """
        if self._process is None or (status := self._process.poll()) is None:
            return None
        self.signal(signal.SIGKILL)
        self._process = None
        return status

    def watch(self) -> None:
        """Notice an exit, plan the next start after the back-off, and start when it is due."""
        status = self.exited()
        if status is not None:
            self._backoff = self._backoff.after(ran_for=time.monotonic() - self._started)
            self._due = time.monotonic() + self._backoff.delay
            again = f"starting it again in {self._backoff.delay:g} s"
            self._say(self.spec.name, f"{describe_exit(status)}; {again}")
        elif self._due is not None and time.monotonic() >= self._due:
            self.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group; nothing happens when it is gone."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def terminate(self) -> None:
        """Ask the process to finish, and never start it again."""
        self._due = None
        if self._process is not None:
            self._process.terminate()


def describe_exit(status: int) -> str:
    """A wait status in words: `exited with status 1`, `was killed by SIGKILL`."""
    if status >= 0:
        return f"exited with status {status}"
    with suppress(ValueError):
        return f"was killed by {signal.Signals(-status).name}"
    return f"was killed by signal {-status}"
