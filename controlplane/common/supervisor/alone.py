"""An inherited listening socket → web, workers and timetable in one process, messages in memory.

The fallback where no broker can run, and what BROKER_URL=memory:// asks for. Threads instead of
processes: slower, and a message dies with the process; the reconcile tick finds its row again.

Usage: python -m controlplane.common.supervisor.alone --fd NUMBER [--demo]
"""

import argparse
import importlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import structlog
import uvicorn
from django.conf import settings
from django.core.management import call_command

from controlplane.celery import QUEUES, app
from controlplane.common.supervisor import web

log = structlog.get_logger(__name__)


def _worker() -> Callable[[], None]:
    """A Celery worker on threads, without the signal handlers of the command-line one.

    One worker for every queue: a second one in this process would take the first one's queues
    away, because the app knows only one selection. Training holds one thread of the three.
    """
    controller = app.WorkController(
        pool="threads",
        concurrency=3,
        queues=",".join(QUEUES),
        hostname="worker@alone",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    return controller.start


def _timetable(run_dir: Path) -> Callable[[], None]:
    """Beat on a thread; by dotted name, since only tasks and the app module import Celery."""
    service = importlib.import_module("celery.beat").EmbeddedService(
        app, thread=True, schedule_filename=str(run_dir / "beat-schedule")
    )
    return service.start  # type: ignore[no-any-return]  # a module loaded by name has no types


def _demo_world() -> None:
    call_command("demo_world")


def _background(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=_guarded, args=(name, work), name=name, daemon=True).start()


def _guarded(name: str, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        # Half an installation is worse than a restart: the supervisor starts all of it again.
        log.exception("background.ended", loop=name)
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve until SIGTERM; the threads end with the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--demo", action="store_true")
    arguments = parser.parse_args()
    listener = web.inherited_socket(arguments)
    importlib.import_module("controlplane.asgi")
    _background("worker", _worker())
    _background("beat", _timetable(settings.DATA_DIR / "run"))
    if arguments.demo:
        _background("demo-world", _demo_world)
    uvicorn.Server(web.config()).run(sockets=[listener])


if __name__ == "__main__":
    main()
