"""Process descriptions → processes that stay up until we are asked to stop, and then all go."""

import signal
import time
from itertools import groupby
from pathlib import Path

from controlplane.common.supervisor.child import Child, ChildSpec, Say, describe_exit
from controlplane.common.supervisor.stopping import Stopper

TICK_SECONDS = 0.2
GRACE_SECONDS = 9.0  # from the first SIGTERM to the first SIGKILL, over all processes
LAST_GRACE_SECONDS = 1.0  # what each following rank still gets once the grace is used up


class Supervisor:
    """Keeps its children alive; every method belongs to the main thread."""

    def __init__(self, *, logs: Path, cwd: Path, say: Say, stopper: Stopper) -> None:
        self._logs, self._cwd, self._say, self._stopper = logs, cwd, say, stopper
        self._children: list[Child] = []

    @property
    def stopping(self) -> bool:
        """Whether somebody asked us to stop."""
        return self._stopper.asked > 0

    def add(self, spec: ChildSpec) -> None:
        """Start a process now and keep it alive from now on."""
        child = self._child(spec)
        child.start()
        self._children.append(child)

    def _child(self, spec: ChildSpec) -> Child:
        return Child(spec, logs=self._logs, cwd=self._cwd, say=self._say)

    def tick(self) -> None:
        """Sleep briefly, then restart whatever ended."""
        self._stopper.wait(TICK_SECONDS)
        if not self.stopping:
            for child in self._children:
                child.watch()

    def finish(self, spec: ChildSpec) -> bool:
        """Run a process once, beside the others; True when it ended with status 0."""
        child = self._child(spec)
        child.start()
        while (status := child.exited()) is None:
            if self.stopping:
                self._children.append(child)  # it is stopped with the others
                return False
            self.tick()
        if status:
            self._say(spec.name, f"{describe_exit(status)}; see {self._logs / spec.name}.log")
        return status == 0

    def shut_down(self) -> None:
        """Stop everything in reverse order; whoever outlives the grace is killed."""
        deadline = time.monotonic() + GRACE_SECONDS
        by_rank = sorted(self._children, key=lambda child: child.spec.rank, reverse=True)
        for _rank, group in groupby(by_rank, key=lambda child: child.spec.rank):
            children = list(group)
            for child in children:
                child.terminate()
            self._await_all(children, deadline=max(deadline, time.monotonic() + LAST_GRACE_SECONDS))
        self._children.clear()

    def _await_all(self, children: list[Child], *, deadline: float) -> None:
        while running := [child for child in children if child.pid is not None]:
            if self._stopper.asked > 1 or time.monotonic() >= deadline:
                for child in running:
                    child.signal(signal.SIGKILL)
            self._stopper.wait(TICK_SECONDS)
            for child in running:
                child.exited()
