"""How often and how long a process ran → how long to wait before starting it again."""

from dataclasses import dataclass

STEPS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds; the last one repeats
HEALTHY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """The failures in a row so far; a run of `HEALTHY_SECONDS` forgives them all."""

    failures: int = 0

    @property
    def delay(self) -> float:
        """Seconds to wait after the latest failure; 0 before the first."""
        return STEPS[min(self.failures, len(STEPS)) - 1] if self.failures else 0.0

    def after(self, *, ran_for: float) -> "Backoff":
        """The state after one more exit of a process that had run for `ran_for` seconds."""
        return Backoff(1 if ran_for >= HEALTHY_SECONDS else self.failures + 1)
