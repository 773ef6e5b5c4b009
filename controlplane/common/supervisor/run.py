"""Options → a running installation in the foreground, until somebody stops it."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

from controlplane.common.supervisor import prepare
from controlplane.common.supervisor.installation import Installation, Print
from controlplane.common.supervisor.listener import listen
from controlplane.common.supervisor.lock import sole_owner
from controlplane.common.supervisor.loop import Supervisor
from controlplane.common.supervisor.options import Options
from controlplane.common.supervisor.stopping import Stopper

ROOT = Path(__file__).resolve().parents[3]


def run(options: Options, environ: Mapping[str, str], *, tell: Print) -> None:
    """Stay in the foreground until SIGINT, SIGTERM or SIGHUP; leave no process behind.

    1. Own the data directory and the port, or refuse. 2. Start the broker, bring the database and
    the static files up to date, start the web process, load the demo, start the workers. 3. Show
    the login link once all of it is ready. 4. Keep everything alive. 5. Stop it in reverse order.

    Raises:
        ProductError: the data directory or the port is taken, or a setting is wrong; nothing runs.
    """
    began = time.monotonic()
    prepare.check_settings()
    with (
        sole_owner(options.data_dir),
        contextlib.closing(listen(options.host, options.port)) as listener,
        Stopper() as stopper,
    ):
        supervisor = Supervisor(
            logs=options.log_dir,
            cwd=ROOT,
            say=lambda who, what: tell(f"{who:<8} | {what}"),
            stopper=stopper,
        )
        installation = Installation(
            options, environ, supervisor=supervisor, listener=listener.fileno(), tell=tell
        )
        try:
            installation.start(manage=ROOT / "manage.py")
            installation.announce(began=began)
            while not supervisor.stopping:
                supervisor.tick()
            tell("Stopping; press Ctrl-C again to stop at once.")
        finally:
            supervisor.shut_down()
            installation.clean_up()
    tell("Stopped.")
