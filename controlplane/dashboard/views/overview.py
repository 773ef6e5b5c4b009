"""`/`: one row per workload."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from controlplane.dashboard.visit import Visit, for_people
from controlplane.decisions.models import WorkloadStatus
from controlplane.workloads.models import Workload


@for_people()
def overview(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Is anything wrong, what is coming, what does it save."""
    statuses = {
        row.workload_id: row
        for row in WorkloadStatus.objects.filter(workload__team=visit.team).defer("figures")
    }
    rows = [
        {"workload": row, "status": statuses.get(row.pk)}
        for row in Workload.objects.filter(team=visit.team)
    ]
    return render(request, "dashboard/overview.html", {"rows": rows})
