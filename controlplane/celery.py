"""The queues and the beat timetable → the Celery app."""

import os

from celery import Celery
from django.conf import settings

from controlplane.common.broker import is_redis, transport_options

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")

app = Celery("tidewise")

# Queue: what runs there. Only `forecast` workers ever load torch.
QUEUES = ("cycle", "actuate", "forecast", "alerts", "upkeep")
FAST_QUEUES = ("cycle", "actuate", "alerts", "upkeep")

# Every (task, period in seconds, queue). A tick that nobody picked up in time expires.
TIMETABLE = (
    ("controlplane.decisions.tasks.tick", settings.CYCLE_SECONDS, "cycle"),
    ("controlplane.decisions.tasks.reconcile", 5, "actuate"),
    ("controlplane.forecasts.tasks.refresh_all", settings.FORECAST_SECONDS, "forecast"),
    ("controlplane.forecasts.tasks.train_due", 60, "forecast"),
    ("controlplane.forecasts.tasks.retain", 3600, "forecast"),
    ("controlplane.metrics.tasks.compact", 15, "upkeep"),
    ("controlplane.costs.tasks.roll_up", 60, "upkeep"),
    ("controlplane.decisions.tasks.retain", 3600, "upkeep"),
)


def _queue_of(name: str) -> str:
    known = {task: queue for task, _period, queue in TIMETABLE}
    others = {"decisions": "cycle", "forecasts": "forecast", "metrics": "upkeep", "costs": "upkeep"}
    return known.get(name) or others.get(name.split(".")[1], "upkeep")


def route(name: str, *_args: object, **_kwargs: object) -> dict[str, str]:
    """Which queue a task belongs to; the timetable is the only place that says so."""
    return {"queue": _queue_of(name)}


app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_transport_options=transport_options(settings.BROKER_URL),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_heartbeat=0 if is_redis(settings.BROKER_URL) else 10,
    task_acks_late=True,  # with the next line: a killed worker's task is run again
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    task_ignore_result=True,  # results are rows
    accept_content=["json"],
    task_serializer="json",
    task_time_limit=120,
    task_soft_time_limit=90,
    task_publish_retry=False,
    task_default_queue="upkeep",
    # RabbitMQ ignores priorities unless the queue was declared with them; Valkey needs no word.
    task_queue_max_priority=9 if settings.BROKER_URL.startswith("amqp") else None,
    task_routes=(route,),
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="UTC",
    enable_utc=True,
    beat_schedule={
        name: {
            "task": name,
            "schedule": float(period),
            "options": {"queue": queue, "expires": max(2 * period, 10)},
        }
        for name, period, queue in TIMETABLE
    },
)
app.autodiscover_tasks(
    [f"controlplane.{name}" for name in ("decisions", "forecasts", "metrics", "costs")]
)
