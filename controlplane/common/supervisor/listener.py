"""A host and a port → one listening socket that outlives the web process, or a clear refusal."""

import errno
import socket

from controlplane.common.errors import Conflict, InvalidInput

BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening, inheritable socket.

    The supervisor holds it, so that callers wait instead of being refused while the web process is
    started again, and nobody else can take the port meanwhile.

    Raises:
        Conflict: the port is taken, or needs a privilege that we do not have.
        InvalidInput: the host is no address of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise _no_address(host) from error
    family, kind, protocol, _name, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _refusal(error, host, port) from error
    listener.set_inheritable(True)
    return listener


def _no_address(host: str) -> InvalidInput:
    return InvalidInput(
        "host_invalid", f"HOST={host!r} is no address of this machine; write HOST=127.0.0.1."
    )


def _refusal(error: OSError, host: str, port: int) -> Exception:
    other = port + 1 if 1024 <= port < 65535 else 8001
    if error.errno == errno.EADDRINUSE:
        return Conflict(
            "port_taken",
            f"Port {port} on {host} is already in use. Choose another one: set PORT, for example"
            f" PORT={other}.",
        )
    if error.errno == errno.EACCES:
        return Conflict(
            "port_refused", f"Port {port} needs root. Choose one from 1024 on, like PORT=8000."
        )
    return _no_address(host)
