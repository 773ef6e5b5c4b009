"""A profile and its baseline → the workload document that its owner would have applied."""

from datetime import timedelta

from controlplane.demo.profiles import Profile
from controlplane.workloads.parse import validate
from controlplane.workloads.spec import WorkloadDocument
from controlplane.workloads.units import format_duration

SYNTHETIC = "synthetic"  # the label that tells the demo's workloads from real ones


def document(profile: Profile, *, team: str, static_peak: int) -> WorkloadDocument:
    """The document, validated like anybody's. The label `model` tells the workloads apart.

    `static_peak` is the fleet that the owner would run without autoscaling.
    """
    plant, owner, cloud = profile.plant, profile.owner, profile.cloud
    return validate(
        {
            "apiVersion": "tidewise/v1",
            "kind": "Workload",
            "metadata": {
                "name": profile.name,
                "team": team,
                "labels": {
                    SYNTHETIC: "true",
                    "model": profile.name,
                    "description": profile.description,
                },
            },
            "spec": {
                "slo": {
                    "signal": "experience.e2e",
                    "quantile": 0.95,
                    "target": _duration(owner.target),
                    "objective": "99.9%",
                },
                "capacity": {
                    "per_replica": plant.per_replica,
                    "slots": plant.slots,
                    "service_time": _duration(plant.service_time),
                    "timeout": _duration(plant.timeout),
                },
                "replicas": {"min": owner.minimum, "max": owner.maximum},
                "pools": [
                    {
                        "name": profile.pool,
                        "target": {"kind": "simulated", "name": f"demo-{profile.name}"},
                        "accelerator": profile.hardware.accelerator,
                        "price": {"amount": owner.price, "currency": "USD"},
                        "lead_time": _duration(cloud.lead),
                    }
                ],
                "policies": list(owner.policies),
                "guardrails": owner.guardrails,
                "baseline": {"replicas": static_peak},
                "mode": "auto",
            },
        }
    )


def _duration(seconds: float) -> str:
    return format_duration(timedelta(seconds=seconds))
