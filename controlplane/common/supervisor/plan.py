"""Options and a broker → the processes to run, as data."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from controlplane.celery import FAST_QUEUES
from controlplane.common import valkey
from controlplane.common.supervisor.child import ChildSpec
from controlplane.common.supervisor.options import Options

_HERE = "controlplane.common.supervisor"
_QUIET_WORKER = ("--without-gossip", "--without-mingle", "--without-heartbeat")
FORECAST_MEMORY_KIB = 1_500_000  # a training that leaks is replaced after its task


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a specification needs: where we listen, with which environment."""

    options: Options
    environment: Mapping[str, str]
    listener: int  # descriptor of the listening socket
    manage: Path  # manage.py

    def broker(self, binary: Path, socket: valkey.Socket) -> ChildSpec:
        """The embedded broker; its chatter stays in its log."""
        command = valkey.command(binary, socket=socket.path, data=self.options.data_dir / "valkey")
        return self._spec("broker", command, rank=0, echo=False)

    def web(self) -> ChildSpec:
        """Pages, API, ingest and live updates."""
        argv = self._module(f"{_HERE}.web", "--fd", str(self.listener))
        return self._spec("web", argv, files=(self.listener,))

    def alone(self) -> ChildSpec:
        """All of it in one process, without a broker."""
        demo = ("--demo",) if self.options.demo else ()
        argv = self._module(f"{_HERE}.alone", "--fd", str(self.listener), *demo)
        return self._spec("tidewise", argv, files=(self.listener,))

    def background(self) -> tuple[ChildSpec, ...]:
        """The workers, the timetable, and the living demo world when it was asked for."""
        world = (self._spec("world", self._manage("demo_world"), rank=3),)
        return (
            self._worker("worker", ",".join(FAST_QUEUES), 2),
            self._worker(
                "forecast", "forecast", 1, "--max-memory-per-child", str(FORECAST_MEMORY_KIB)
            ),
            self._spec("beat", self._beat(), rank=3),
            *(world if self.options.demo else ()),
        )

    def load_demo(self) -> ChildSpec:
        """Fill an empty installation with the demo; does nothing the second time."""
        trace = ("--trace", str(self.options.trace)) if self.options.trace else ()
        return self._spec("load", self._manage("demo_load", *trace), rank=3)

    def _worker(self, name: str, queues: str, concurrency: int, *more: str) -> ChildSpec:
        argv = self._celery(
            *("worker", "-Q", queues, "-c", str(concurrency), "-P", "prefork"),
            *("-n", f"{name}-{self.options.port}@%h", *_QUIET_WORKER, *more),
        )
        return self._spec(name, argv, rank=2)

    def _beat(self) -> tuple[str, ...]:
        return self._celery("beat", "-s", str(self.options.run_dir / "beat-schedule"))

    def _celery(self, *words: str) -> tuple[str, ...]:
        # Celery warns about root because of pickled messages; ours are JSON and nothing else.
        quiet = ("-W", "ignore:You're running the worker with superuser")
        return (sys.executable, *quiet, "-m", "celery", "-q", "-A", "controlplane.celery", *words)

    def _manage(self, *words: str) -> tuple[str, ...]:
        return (sys.executable, str(self.manage), *words)

    def _module(self, name: str, *words: str) -> tuple[str, ...]:
        return (sys.executable, "-m", name, *words)

    def _spec(
        self,
        name: str,
        argv: tuple[str, ...],
        *,
        rank: int = 1,
        files: tuple[int, ...] = (),
        echo: bool = True,
    ) -> ChildSpec:
        environment = tuple(sorted(self.environment.items()))
        return ChildSpec(name, argv, environment, rank=rank, files=files, echo=echo)
