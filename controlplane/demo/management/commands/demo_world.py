"""Keep the demo's synthetic fleet alive, one step every five seconds, until SIGTERM. Example:

python manage.py demo_world
"""

import fcntl
import signal
import threading
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from types import FrameType
from typing import IO, Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections

from controlplane.common import clock
from controlplane.demo.replay import FINE
from controlplane.demo.world import World

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = __doc__ or ""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def handle(self, **options: Any) -> None:
        stop = threading.Event()
        if threading.current_thread() is threading.main_thread():
            # On another thread (everything in one process) the process ends by itself.
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, _setter(stop))
        lock = Path(settings.DATA_DIR) / "run" / "demo_world.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as held:
            _hold(held)
            run(stop)


def _hold(file: IO[str]) -> None:
    """One world an installation: two would send every sample twice. The kernel frees the lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CommandError("The demo world of this installation runs already.") from error


def run(stop: threading.Event) -> None:
    """Step on the grid of five seconds; a step that fails is logged and the next one comes."""
    world = World()
    while not stop.is_set():
        try:
            world.step(now=clock.now())
        except Exception:
            log.exception("demo.step_failed")  # loop top: a database may be gone for a while
        finally:
            close_old_connections()
        stop.wait(FINE - clock.now().timestamp() % FINE)


def _setter(stop: threading.Event) -> Any:
    def ended(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    return ended
