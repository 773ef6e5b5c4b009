"""Codes that rows carry → the words a person reads, in their language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from controlplane.metrics.catalogue.signals import describe

Words = dict[str, str | Promise]

HEALTH: Words = {
    "ok": _("healthy"),
    "risk": _("at risk"),
    "stale": _("stale"),
    "waiting": _("waiting for data"),
    "off": _("off"),
    "paused": _("paused"),
}
MODE: Words = {
    "off": _("off"),
    "recommend": _("recommend"),
    "approve": _("approve"),
    "auto": _("auto"),
}
MODE_MEANING: Words = {
    "off": _("Only looks: no decision is computed."),
    "recommend": _("Decides and records, and scales nothing."),
    "approve": _("Scales after a person agrees."),
    "auto": _("Scales by itself, within the guardrails."),
}
CAUSE: Words = {
    "beat": _("regular look"),
    "samples": _("fresh samples"),
    "person": _("asked by a person"),
    "history": _("replayed from history"),
}
POLICY: Words = {
    "threshold": _("threshold"),
    "target": _("target"),
    "predictive": _("predictive"),
    "idle": _("idle"),
}
GUARDRAIL: Words = {
    "freshness": _("freshness"),
    "tolerance": _("tolerance"),
    "stabilization": _("stabilization"),
    "rate": _("rate"),
    "cooldown": _("cooldown"),
    "bounds": _("bounds"),
    "override": _("override"),
}
STATE: Words = {
    "approved": _("waiting for a worker"),
    "executing": _("being ordered"),
    "unknown": _("outcome unknown"),
    "applied": _("ordered, not all ready yet"),
    "verified": _("done, all ready"),
    "failed": _("failed"),
    "superseded": _("replaced before it was ordered"),
    "expired": _("expired before it was ordered"),
}
LAYER: Words = {
    "experience": _("Experience"),
    "service": _("Service"),
    "business": _("Business"),
    "infra": _("Infrastructure"),
}
LAYER_QUESTION: Words = {
    "experience": _("What users feel"),
    "service": _("How the engine copes"),
    "business": _("What it is used for"),
    "infra": _("What it runs on"),
}
TREND: Words = {"rising": _("rising"), "falling": _("falling"), "flat": _("steady")}
ACTION: Words = {
    "workload.override": _("size pinned or frozen"),
    "workload.paused": _("workload paused"),
    "workload.resumed": _("workload resumed"),
    "workload.changed": _("settings changed"),
    "team.paused": _("all scaling paused"),
    "team.resumed": _("all scaling resumed"),
    "demo.surge": _("demo surge started"),
}
ROLE: Words = {"viewer": _("viewer"), "operator": _("operator"), "admin": _("administrator")}
SIGNAL: Words = {
    "experience.ttft": _("Time to first token"),
    "experience.e2e": _("End to end"),
    "experience.tpot": _("Time per output token"),
    "experience.itl": _("Between tokens"),
    "experience.slo_attainment": _("Objective met"),
    "service.request.errors": _("Errors"),
    "service.request.rate": _("Requests"),
    "service.requests.waiting": _("Queue"),
    "service.requests.running": _("Running"),
    "service.kv_cache.utilization": _("KV cache"),
    "service.queue.duration": _("Time in queue"),
    "service.batch.tokens": _("Batch"),
    "service.preemption.rate": _("Preemptions"),
    "service.broker.queue.depth": _("Broker queue"),
    "business.tokens.output.rate": _("Tokens out"),
    "business.tokens.input.rate": _("Tokens in"),
    "business.users.active": _("Active users"),
    "business.sessions.active": _("Sessions"),
    "business.cost.rate": _("Cost"),
    "business.cost.per_million_tokens": _("Cost per 1M tokens out"),
    "infra.gpu.utilization": _("GPU"),
    "infra.gpu.memory.used": _("GPU memory"),
    "infra.gpu.power": _("GPU power"),
    "infra.gpu.temperature": _("GPU temperature"),
    "infra.cpu.utilization": _("CPU"),
    "infra.memory.used": _("Memory"),
    "infra.network.rx": _("Network in"),
    "infra.network.tx": _("Network out"),
}
# A few refusals that people meet on pages; the others are shown as they are written.
REFUSAL: Words = {
    "auth.scope": _("Your role in this team does not allow this. It needs an operator."),
    "auth.team": _("You are not a member of a team yet. An administrator can add you."),
    "workload.missing": _("There is no such workload in this team."),
    "decision.missing": _("There is no such decision in this team."),
    "demo.missing": _("Only a workload of the demo can be surged."),
    "override.bounds": _("This size is outside the workload's bounds."),
    "override.expiry": _("An override lasts from 1 second to 7 days."),
    "override.reason": _("Write why, for the audit log."),
    "override.form": _("Write a whole number of replicas, or leave it empty to freeze the size."),
    "range.preset": _("This range is not known; choose one of those offered."),
    "range.order": _("The end must be 1 minute to 400 days after the start."),
    "range.format": _("Write times such as 2026-03-02T14:00 or 2026-03-02T06:00:00Z."),
    "sort.unknown": _("The table cannot be sorted by that; choose one of its columns."),
    "mode.unknown": _("Choose one of the modes offered."),
    "query.cursor": _("This page of the list is gone; start from its beginning."),
}
TITLE: Words = {
    "401": _("Authentication is needed"),
    "403": _("Not allowed"),
    "404": _("Not found"),
    "409": _("The request conflicts with the present state"),
    "422": _("The request is not valid"),
    "400": _("The request is not valid"),
    "503": _("Tidewise cannot take this right now"),
}
TABLES: dict[str, Words] = {
    "health": HEALTH,
    "mode": MODE,
    "mode_meaning": MODE_MEANING,
    "cause": CAUSE,
    "policy": POLICY,
    "guardrail": GUARDRAIL,
    "state": STATE,
    "layer": LAYER,
    "layer_question": LAYER_QUESTION,
    "trend": TREND,
    "action": ACTION,
    "role": ROLE,
}


def word(table: str, code: str) -> str:
    """The word for a code; a code that is not in the table is shown as it is."""
    return str(TABLES[table].get(code, code))


def refusal(code: str, detail: str) -> str:
    """A refusal in the reader's language, or in the words it was written in."""
    return str(REFUSAL.get(code, detail))


def refusal_title(status: int, title: str) -> str:
    """The heading of a refusal's page."""
    return str(TITLE.get(str(status), title))


def signal_name(signal: str, quantile: float | None = None) -> str:
    """A signal's short name with its quantile: Time to first token p95."""
    name = str(SIGNAL.get(signal, signal))
    return name if quantile is None else f"{name} p{quantile * 100:g}"


def signal_text(signal: str, language: str) -> str:
    """What a signal is, from the catalogue, which speaks both languages."""
    if signal == "business.cost.per_million_tokens":
        return str(_("Cost of the running machines per million tokens generated"))
    entry = describe(signal)
    return f"{signal}: {entry.zh if language.startswith('zh') else entry.en}"
