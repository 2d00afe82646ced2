"""How much a source has published lately."""

from dataclasses import dataclass

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceActivity:
    """Entries of each of the last days, oldest first; `duplicates` are shown as part of another entry."""

    days: tuple[int, ...] = ()
    duplicates: int = 0

    @property
    def a_day(self) -> float:
        """Entries a day on average."""
        return sum(self.days) / len(self.days) if self.days else 0.0

    @property
    def duplicate_share(self) -> float:
        """The share of entries that are duplicates; 0 without entries."""
        return self.duplicates / total if (total := sum(self.days)) else 0.0

    @property
    def sparkline(self) -> str:
        """A bar for each day, a dot for a day without entries."""
        most = max(self.days, default=0)
        return "".join(
            _BARS[(count * len(_BARS) - 1) // most] if count else "·" for count in self.days
        )
