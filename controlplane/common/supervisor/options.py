"""Command line and environment → what `up` was asked to do, checked."""

import ipaddress
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from controlplane.common.errors import InvalidInput

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not chosen
ONE_THREAD_EACH = (  # several processes share the machine: none may take every core for itself
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@dataclass(frozen=True, slots=True)
class Options:
    """Where to listen, where the data lies, and whether the demo runs."""

    host: str
    port: int
    data_dir: Path
    demo: bool = False
    trace: Path | None = None

    @property
    def probe_host(self) -> str:
        """An address at which this machine reaches the web process."""
        return ANY_ADDRESS.get(self.host, self.host)

    @property
    def local_url(self) -> str:
        """The address to open when PUBLIC_URL says nothing else."""
        host = f"[{self.probe_host}]" if ":" in self.probe_host else self.probe_host
        return f"http://{host}:{self.port}"

    @property
    def run_dir(self) -> Path:
        """Sockets, schedules and stamps: nothing that a backup needs."""
        return self.data_dir / "run"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "logs"


def parse_port(raw: object) -> int:
    """A port number from 1 to 65535, or `InvalidInput`."""
    text = str(raw).strip()
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
        return int(text)
    raise InvalidInput(
        "port_invalid", f"PORT={text!r} is no port; write a number from 1 to 65535, like 8001."
    )


def parse_trace(raw: str | None) -> Path | None:
    """An existing file as an absolute path, None when nothing was asked for, or `InvalidInput`."""
    if not raw:
        return None
    path = Path(raw).expanduser().resolve()
    if not path.is_file():
        raise InvalidInput(
            "trace_missing", f"TRACE={raw!r} is no file; give the path of a CSV file."
        )
    return path


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def child_environment(
    options: Options, environ: Mapping[str, str], *, broker_url: str | None
) -> dict[str, str]:
    """The environment of every child; what the operator set is never replaced."""
    made = {
        "DJANGO_SETTINGS_MODULE": "controlplane.settings",
        "CELERY_SKIP_CHECKS": "true",  # `up` ran them; they would import every page per worker
        "PUBLIC_URL": options.local_url,
        **dict.fromkeys(ONE_THREAD_EACH, "1"),
    }
    if not is_loopback(options.host):
        made["ALLOWED_HOSTS"] = ",".join(reachable_names(options.host))
    given = {name: value for name, value in environ.items() if value.strip()}
    ours = {
        "PYTHONUNBUFFERED": "1",
        "DATA_DIR": str(options.data_dir),
        "HOST": options.host,
        "PORT": str(options.port),
    }
    if broker_url is not None:
        ours["BROKER_URL"] = broker_url
    if options.trace is not None:
        ours["TRACE"] = str(options.trace)
    return {**made, **given, **ours}


def reachable_names(host: str) -> list[str]:
    """Every name by which a browser may address a server that listens on `host`."""
    names = ["localhost", "127.0.0.1", "[::1]", socket.gethostname()]
    if host in ANY_ADDRESS:
        interfaces = psutil.net_if_addrs().values()
        names += [
            address.address
            for addresses in interfaces
            for address in addresses
            if address.family == socket.AF_INET
        ]
    else:
        names.append(f"[{host}]" if ":" in host else host)
    return list(dict.fromkeys(names))


def public_host(environment: Mapping[str, str]) -> str:
    """The Host header that the web process accepts for sure: PUBLIC_URL's."""
    return urlsplit(environment["PUBLIC_URL"]).netloc


def options_from(
    *, host: str, port: object, demo: bool, trace: str | None, data_dir: Path
) -> Options:
    """Checked options, or `InvalidInput` with what to write instead."""
    return Options(
        host=host.strip() or "127.0.0.1",
        port=parse_port(port),
        data_dir=Path(os.path.abspath(data_dir)),
        demo=demo,
        trace=parse_trace(trace),
    )
