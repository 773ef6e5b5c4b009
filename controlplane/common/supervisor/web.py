"""An inherited listening socket → our pages, API and ingest routes served from it.

Usage: python -m controlplane.common.supervisor.web --fd NUMBER
"""

import argparse
import importlib
import socket

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 16 * 1024
KEEP_ALIVE_SECONDS = 30
CLOSING_SECONDS = 3  # what open requests and pages get when we stop
MOST_PAGE_MESSAGE_BYTES = 64 * 1024  # a page only ever sends its subscriptions
REFUSAL = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n"


class BoundedHead(HttpToolsProtocol):
    """The parser itself has no limit on request lines and headers; this connection does."""

    in_head, head_bytes = False, 0

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.in_head, self.head_bytes = True, 0

    def on_headers_complete(self) -> None:
        self.in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.in_head:
            return
        self.head_bytes += len(data)
        if self.head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(REFUSAL)
            self.transport.close()


def config() -> uvicorn.Config:
    """How we serve: no access log, no trust in forwarding headers, bounded everything."""
    return uvicorn.Config(
        "controlplane.asgi:application",
        http=BoundedHead,
        ws="websockets-sansio",
        ws_max_size=MOST_PAGE_MESSAGE_BYTES,
        lifespan="on",
        log_config=None,  # Django's settings configure every logger
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=CLOSING_SECONDS,
    )


def inherited_socket(arguments: argparse.Namespace) -> socket.socket:
    """The socket that the supervisor listens on."""
    return socket.socket(fileno=arguments.fd)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True)
    listener = inherited_socket(parser.parse_args())
    importlib.import_module("controlplane.asgi")  # a fault in it is a traceback, not a log line
    uvicorn.Server(config()).run(sockets=[listener])


if __name__ == "__main__":
    main()
