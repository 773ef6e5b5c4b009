"""Options and a supervisor → broker, database, web and workers started in their order."""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from django.db import connection

from controlplane.common import valkey
from controlplane.common.supervisor import prepare
from controlplane.common.supervisor.loop import Supervisor
from controlplane.common.supervisor.options import (
    Options,
    child_environment,
    is_loopback,
    public_host,
)
from controlplane.common.supervisor.plan import Plan
from controlplane.common.supervisor.readiness import Patience, Readiness

Print = Callable[[str], None]
FIRST_REPORT_SECONDS = 20.0


class Installation:
    """One `up`: what it needs to start, to announce itself, and to leave nothing behind."""

    def __init__(
        self,
        options: Options,
        environ: Mapping[str, str],
        *,
        supervisor: Supervisor,
        listener: int,
        tell: Print,
    ) -> None:
        self._options, self._supervisor, self._tell = options, supervisor, tell
        self._listener = listener
        self._broker = valkey.choose(environ, valkey.servers())
        self._socket = (
            valkey.make_socket(options.run_dir)
            if isinstance(self._broker, valkey.Embedded)
            else None
        )
        self.environment = child_environment(options, environ, broker_url=self._broker_url())
        self._state = options.run_dir / "up.json"

    def _broker_url(self) -> str | None:
        """What the children get as BROKER_URL; None leaves the operator's own setting alone."""
        if self._socket is not None:
            return self._socket.url
        return "memory://" if isinstance(self._broker, valkey.InMemory) else None

    def start(self, *, manage: Path) -> None:
        """Start everything; returns early when somebody asks to stop meanwhile."""
        options, supervisor = self._options, self._supervisor
        plan = Plan(options, self.environment, self._listener, manage)
        self._tell(f"Tidewise is starting; data and logs are in {options.data_dir}.")
        if not is_loopback(options.host) and self.environment["PUBLIC_URL"].startswith("http://"):
            self._tell(f"Listening on {options.host} without TLS; put an https proxy in front.")
        self._start_broker(plan)
        self._write_state()
        self._prepare()
        alone = isinstance(self._broker, valkey.InMemory)
        if not alone:  # first, so that a browser is answered while the demo loads
            supervisor.add(plan.web())
        if options.demo and not supervisor.finish(plan.load_demo()) and not supervisor.stopping:
            self._tell("The demo data could not be loaded; going on without it.")
        if not supervisor.stopping:
            for spec in (plan.alone(),) if alone else plan.background():
                supervisor.add(spec)

    def _start_broker(self, plan: Plan) -> None:
        if isinstance(self._broker, valkey.InMemory):
            self._tell(f"No broker: everything runs in one process ({self._broker.reason}).")
        if isinstance(self._broker, valkey.Embedded) and self._socket is not None:
            (self._options.data_dir / "valkey").mkdir(parents=True, exist_ok=True)
            self._socket.path.unlink(missing_ok=True)  # a killed server leaves its socket behind
            self._supervisor.add(plan.broker(self._broker.binary, self._socket))

    def _prepare(self) -> None:
        missing = prepare.migrate()
        if missing:
            self._tell(f"database | {connection.vendor}: {missing} migrations applied")
        if prepare.collect_static(self._options.run_dir):
            self._tell("static   | files collected and compressed")
        prepare.let_go()

    def announce(self, *, began: float) -> None:
        """Wait until /readyz says yes, telling now and then what is missing; show the link."""
        where = public_host(self.environment)
        readiness = Readiness(self._options.probe_host, self._options.port, host_header=where)
        readiness.start()
        patience = Patience(FIRST_REPORT_SECONDS)
        while not readiness.ready and not self._supervisor.stopping:
            self._supervisor.tick()
            if patience.is_over():
                self._tell(f"Still waiting: {readiness.reason}")
        readiness.stop()
        if readiness.ready:
            link = prepare.login_link(self.environment["PUBLIC_URL"])
            prepare.let_go()
            self._tell(f"Tidewise is ready after {time.monotonic() - began:.1f} s.")
            self._tell(f"\n    {link}\n")
            self._tell("The link logs you in once, within 24 hours. Press Ctrl-C to stop.")

    def _write_state(self) -> None:
        """What `doctor` needs to find this installation; the broker URL may hold a password."""
        self._options.run_dir.mkdir(parents=True, exist_ok=True)
        self._state.unlink(missing_ok=True)
        names = ("PUBLIC_URL", "HOST", "PORT", "BROKER_URL")
        state = {name: self.environment[name] for name in names if name in self.environment}
        descriptor = os.open(self._state, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({**state, "pid": os.getpid()}, file)

    def clean_up(self) -> None:
        """Remove what only a running installation needs."""
        self._state.unlink(missing_ok=True)
        if self._socket is not None:
            self._socket.remove()
