"""Log lines about runs: what came of a source, and why a run failed."""

from aggregator.core.errors import AggregatorError
from aggregator.core.logger import get_logger
from aggregator.core.report import SourceReport

FAILED_OUTCOMES = ("error", "refused", "gone")

_log = get_logger()


def log_report(report: SourceReport) -> None:
    """Log the result of one source."""
    log = _log.warning if report.outcome in FAILED_OUTCOMES else _log.info
    log(
        "gathered",
        source=report.id,
        outcome=report.outcome,
        new=report.new,
        modified=report.modified,
        seconds=report.seconds,
        error=report.error or None,
    )


def log_failure(event: str, error: Exception, pause: float) -> None:
    """Log why work failed; what is no known trouble comes with its traceback."""
    known = isinstance(error, AggregatorError)
    seconds = round(pause)
    _log.error(event, error=str(error), next_try_seconds=seconds, exc_info=None if known else error)
