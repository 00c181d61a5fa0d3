"""What does Prometheus get to see?

Jobs are processes of their own, so nothing is counted where the metrics are served: each scrape
reads the journal's sums. A label `job` would be Prometheus' own, so it is `job_name`.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from sfsync.errors import JournalError
from sfsync.health.state import Health
from sfsync.journal import Journal, Totals
from sfsync.model import UNDO_CAUSE

logger = logging.getLogger(__name__)
_RUN_SECONDS = "How long runs took, from the start of their process, in seconds."


class JournalCollector(Collector):
    """Reads the journal at each scrape; `look` judges the service's health."""

    def __init__(self, journal: Journal, look: Callable[[], Health]) -> None:
        self._journal = journal
        self._look = look

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: otherwise the journal would be read to register this."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics. Raises JournalError."""
        health, totals = self._look(), self._journal.totals
        yield from _of_runs(totals)
        yield _of_changes(totals)
        yield _findings(totals, health)
        yield from _api_left(totals)
        yield _mails(totals)
        yield from _turns(totals)
        yield from _of_jobs(health)


@dataclass(frozen=True, slots=True)
class Scraped:
    """An org of several: its name, its health, its journal (None: it cannot be opened), and which
    books in that are its own.
    """

    name: str
    health: Health
    journal: Journal | None = None
    is_ours: Callable[[str], bool] = lambda _: False

    def read(self) -> list[Metric]:
        """Return what there is to read."""
        try:
            if self.journal is not None:
                return list(JournalCollector(self.journal, lambda: self.health).collect())
        except JournalError as error:
            logger.warning("%s: the journal cannot be read: %s", self.name, error)
        return list(_of_jobs(self.health))

    def bears(self, sample: Sample) -> bool:
        """Tell whether a sample is the org's: a journal may be that of several."""
        if "service" in sample.labels:
            return sample.labels["service"] == self.name
        return "org" not in sample.labels or self.is_ours(sample.labels["org"])


class OrgsCollector(Collector):
    """Reads the journals of several orgs at each scrape; each sample bears the org's name as the
    label `service`. Of an org whose journal fails the health alone is told.
    """

    def __init__(self, orgs: Callable[[], Iterator[Scraped]]) -> None:
        """`orgs` gives one after the other, each while its journal is open."""
        self._orgs = orgs

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: otherwise the journals would be read to register this."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        families: dict[str, Metric] = {}
        for org in self._orgs():
            for each in org.read():
                family = families.setdefault(
                    each.name, Metric(each.name, each.documentation, each.type)
                )
                for sample in filter(org.bears, each.samples):
                    labels = {**sample.labels, "service": org.name}
                    family.add_sample(sample.name, labels, sample.value)
        yield from families.values()


def registry_of_orgs(orgs: Callable[[], Iterator[Scraped]]) -> CollectorRegistry:
    """Return what serves the metrics of several orgs, and no others."""
    registry = CollectorRegistry()
    registry.register(OrgsCollector(orgs))
    return registry


def registry_of(journal: Journal, look: Callable[[], Health]) -> CollectorRegistry:
    """Return what serves these metrics, and no others."""
    registry = CollectorRegistry()
    registry.register(JournalCollector(journal, look))
    return registry


def _of_runs(totals: Totals) -> Iterator[Metric]:
    runs = CounterMetricFamily(
        "sfsync_runs", "Runs in the journal.", labels=["org", "job_name", "state"]
    )
    seconds = SummaryMetricFamily("sfsync_run_seconds", _RUN_SECONDS, labels=["org", "job_name"])
    calls = CounterMetricFamily(
        "sfsync_api_calls", "API calls that runs made.", labels=["org", "job_name"]
    )
    sums: dict[tuple[str, str], tuple[int, float, int]] = {}
    for each in totals.runs():
        runs.add_metric([each.org, each.job, each.state], each.runs)
        timed, took, called = sums.get((each.org, each.job), (0, 0.0, 0))
        told = (timed + each.timed, took + each.seconds, called + each.api_calls)
        sums[each.org, each.job] = told
    for labels, (timed, took, called) in sums.items():
        seconds.add_metric(list(labels), timed, took)
        calls.add_metric(list(labels), called)
    yield from (runs, seconds, calls)


def _of_changes(totals: Totals) -> Metric:
    family = CounterMetricFamily(
        "sfsync_changes",
        "Changes that runs planned, by their cause (rule:idle) and what became of them.",
        labels=["org", "cause", "outcome"],
    )
    counts: dict[tuple[str, str, str], int] = {}
    for each in totals.changes():
        # Each undo is a cause of its own.
        cause = "undo" if each.cause.startswith(UNDO_CAUSE) else each.cause
        key = (each.org, cause, each.outcome)
        counts[key] = counts.get(key, 0) + each.changes
    for labels, number in counts.items():
        family.add_metric(list(labels), number)
    return family


def _findings(totals: Totals, health: Health) -> Metric:
    family = GaugeMetricFamily(
        "sfsync_findings_open", "Findings that are open, by code.", labels=["org", "code"]
    )
    for each in totals.findings(health.now):
        family.add_metric([each.org, each.what], each.number)
    return family


def _api_left(totals: Totals) -> Iterator[Metric]:
    left = GaugeMetricFamily(
        "sfsync_api_calls_left", "API calls of 24 hours left, as a run was told.", labels=["org"]
    )
    limit = GaugeMetricFamily(
        "sfsync_api_calls_limit", "API calls that the org has in 24 hours.", labels=["org"]
    )
    for org, number, total in totals.api_left():
        left.add_metric([org], number)
        limit.add_metric([org], total)
    yield from (left, limit)


def _mails(totals: Totals) -> Metric:
    family = GaugeMetricFamily("sfsync_mails", "Mails by their state.", labels=["org", "state"])
    for each in totals.mails():
        family.add_metric([each.org, each.what], each.number)
    return family


def _turns(totals: Totals) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "sfsync_turns",
        "Turns of the schedule's jobs that ended, by exit code (empty: nobody knows).",
        labels=["service", "job_name", "exit_code"],
    )
    still = GaugeMetricFamily(
        "sfsync_turns_open", "Turns that have not ended.", labels=["service", "job_name"]
    )
    for each in totals.turns():
        if each.is_open:
            still.add_metric([each.service, each.job], each.turns)
        else:
            code = "" if each.exit_code is None else str(each.exit_code)
            ended.add_metric([each.service, each.job, code], each.turns)
    yield from (ended, still)


def _of_jobs(health: Health) -> Iterator[Metric]:
    age = GaugeMetricFamily(
        "sfsync_seconds_since_good_run", "Seconds since the last good run.", labels=["job_name"]
    )
    failures = GaugeMetricFamily(
        "sfsync_failures_in_a_row", "Failures since the last good run.", labels=["job_name"]
    )
    well = GaugeMetricFamily(
        "sfsync_job_healthy",
        "Whether the job is well, as `sfsync health` says.",
        labels=["job_name"],
    )
    for job in health.jobs:
        seconds = job.age(health.now)
        if seconds is not None:
            age.add_metric([job.job], seconds)
        failures.add_metric([job.job], job.failures)
        well.add_metric([job.job], float(not job.problems))
    yield from (age, failures, well)
    yield GaugeMetricFamily(
        "sfsync_healthy", "Whether all is well.", value=float(not health.problems)
    )
