"""A topic and an id → every open page hears of it: the only live-update seam.

Events go to one fan-out exchange on the broker; each web process runs one listener thread that
hands them to its own channel layer. Lossy by design: a message carries ids only, and a page reads
state again when it reconnects or notices a gap in the sequence.
"""

import asyncio
import itertools
import os
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

import structlog
from asgiref.sync import async_to_sync
from channels.layers import BaseChannelLayer, get_channel_layer
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection, Consumer, Exchange, Producer, Queue

from controlplane.common import instruments
from controlplane.common.broker import transport_options

log = structlog.get_logger(__name__)
EXCHANGE = Exchange("tidewise.pulse", type="fanout", durable=False)
_sequence = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Pulse:
    """What changed, for whom: the page decides whether to look again."""

    topic: str  # overview, workload, decision, forecast, samples
    team: int
    ref: str  # the workload's or row's public name, never a fact

    @property
    def group(self) -> str:
        return group_name(self.team)


def group_name(team: int) -> str:
    """The channel group of one team; built here only, never from a browser's words."""
    return f"team.{team}"


class _Sender:
    """A bounded queue and one thread, so that announcing never waits for the broker."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Pulse] = queue.Queue(maxsize=1000)
        threading.Thread(target=self._run, name="pulse-sender", daemon=True).start()

    def put(self, pulse: Pulse) -> None:
        try:
            self._queue.put_nowait(pulse)
        except queue.Full:
            instruments.live_events.labels("dropped").inc()

    def _run(self) -> None:
        while True:
            pulse = self._queue.get()
            try:
                self._send_from(pulse)
            except Exception:  # noqa: BLE001 - loop top: a broken broker loses pulses, never work
                instruments.live_events.labels("dropped").inc()
                log.warning("pulse.send_failed", topic=pulse.topic)
                threading.Event().wait(1.0)

    def _send_from(self, first: Pulse) -> None:
        with Connection(settings.BROKER_URL, transport_options=transport_options()) as connection:
            producer = Producer(connection.channel(), exchange=EXCHANGE, serializer="json")
            pulse = first
            while True:
                producer.publish(_body(pulse), declare=[EXCHANGE], retry=False)
                instruments.live_events.labels("sent").inc()
                pulse = self._queue.get()


def _body(pulse: Pulse) -> dict[str, Any]:
    return {
        "topic": pulse.topic,
        "team": pulse.team,
        "ref": pulse.ref,
        "from": os.getpid(),
        "seq": next(_sequence),
    }


@cache
def _sender(_pid: int) -> _Sender:
    return _Sender()


def announce(topic: str, *, team: int, ref: str) -> None:
    """Tell every open page of `team` that `ref` changed. Never blocks and never raises."""
    _sender(os.getpid()).put(Pulse(topic, team, ref))


def listen(deliver: Callable[[dict[str, Any]], None], *, stop: threading.Event) -> None:
    """Hand every pulse to `deliver` until `stop` is set; reconnects by itself."""
    while not stop.is_set():
        try:
            with Connection(
                settings.BROKER_URL, transport_options=transport_options()
            ) as connection:
                _drain(connection, deliver, stop)
        except Exception:  # noqa: BLE001 - loop top: reconnect whatever the broker did
            log.warning("pulse.listener_reconnects")
            stop.wait(1.0)


def _drain(
    connection: Connection, deliver: Callable[[dict[str, Any]], None], stop: threading.Event
) -> None:
    mailbox = Queue(
        f"pulse.{uuid4().hex}",
        EXCHANGE,
        durable=False,
        auto_delete=True,
        exclusive=settings.BROKER_URL.startswith("amqp"),
    )
    with Consumer(
        connection.channel(),
        [mailbox],
        callbacks=[lambda body, _message: deliver(body)],
        no_ack=True,
        accept=["json"],
    ):
        while not stop.is_set():
            try:
                connection.drain_events(timeout=1)
            except (TimeoutError, socket.timeout):  # noqa: UP041 - kombu raises either by transport
                continue


def start_bridge(loop: asyncio.AbstractEventLoop, stop: threading.Event) -> threading.Thread:
    """The web process's listener thread: pulses from the broker → the local channel layer."""
    layer = _layer()

    def deliver(body: dict[str, Any]) -> None:
        instruments.live_events.labels("received").inc()
        message = {"type": "pulse.event", "event": body}
        asyncio.run_coroutine_threadsafe(layer.group_send(group_name(body["team"]), message), loop)

    thread = threading.Thread(
        target=listen, args=(deliver,), kwargs={"stop": stop}, name="pulse-bridge", daemon=True
    )
    thread.start()
    return thread


def _layer() -> BaseChannelLayer:
    layer = get_channel_layer()
    if layer is None:
        raise ImproperlyConfigured("CHANNEL_LAYERS has no default layer.")
    return layer


def announce_here(topic: str, *, team: int, ref: str) -> None:
    """Straight into this process's channel layer; what tests use instead of a broker."""
    body = _body(Pulse(topic, team, ref))
    async_to_sync(_layer().group_send)(group_name(team), {"type": "pulse.event", "event": body})
