"""Commands to copy, with this install's own address and names in them."""

from django.conf import settings
from django.http import HttpRequest

from controlplane.accounts.models import Team

_WORKLOAD = """\
cat > workload.yaml <<'YAML'
apiVersion: tidewise/v1
kind: Workload
metadata: {{name: chat-7b, team: {team}}}
spec:
  slo: {{signal: experience.e2e, quantile: 0.95, target: 200ms}}
  capacity: {{per_replica: 12, slots: 8, service_time: 100ms}}
  replicas: {{min: 1, max: 20}}
  pools:
    - name: main
      target: {{kind: simulated, name: chat-7b}}
      price: {{amount: "2.50", currency: USD}}
  policies:
    - {{kind: predictive}}
YAML
python manage.py apply -f workload.yaml"""


def first_commands(request: HttpRequest, team: Team) -> dict[str, str]:
    """What the empty overview offers."""
    base = base_url(request)
    return {
        "apply": _WORKLOAD.format(team=team.slug),
        "token": token_command(team),
        "curl": point_command(base, signal="service.request.rate", workload="chat-7b"),
        "prometheus": (
            "remote_write:\n"
            f"  - url: {base}/api/v1/write\n"
            "    authorization: {credentials: TOKEN}"
        ),
    }


def token_command(team: Team) -> str:
    return f"python manage.py create_token sender --scope ingest:write --team {team.slug}"


def point_command(base: str, *, signal: str, workload: str) -> str:
    """One JSON point by curl."""
    body = f'{{"points":[{{"signal":"{signal}","workload":"{workload}","value":12.5}}]}}'
    return (
        f"curl {base}/api/v1/ingest \\\n"
        '  -H "Authorization: Bearer TOKEN" -H "Content-Type: application/json" \\\n'
        f"  -d '{body}'"
    )


def base_url(request: HttpRequest) -> str:
    """How the reader reached us, which is how their exporter will; PUBLIC_URL behind a proxy."""
    public = str(settings.PUBLIC_URL)
    return public if public.startswith("https://") else f"{request.scheme}://{request.get_host()}"
