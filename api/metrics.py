"""Figures for Prometheus: requests by route, the pool, the seals, the queue.  No label names a person or a body."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from erp.base import state, uow
from erp.base.clock import now
from erp.base.scope import system_scope

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class Metrics:
    """The figures of one application."""

    def __init__(self, engine: Engine) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "qazyna_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "qazyna_request_seconds",
            "Seconds to answer a request.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._registry.register(_Database(engine))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _Database(Collector):
    """What is asked of the pool and of the database whenever somebody looks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        pool = self._engine.pool
        if isinstance(pool, QueuePool):
            used = GaugeMetricFamily("qazyna_pool_connections", "Database connections of the pool.", labels=["state"])
            used.add_metric(["in use"], pool.checkedout())
            used.add_metric(["limit"], pool.size())
            yield used
        try:
            found = uow.read(self._engine, system_scope(), _look)
        except SQLAlchemyError:
            yield _gauge("database_up", "Whether the database answers.", 0)
            return
        yield _gauge("database_up", "Whether the database answers.", 1)
        yield from found


def _look(work: uow.UnitOfWork) -> list[Metric]:
    seen = state.state(work.connection)
    recorded = CounterMetricFamily("qazyna_postings", "Postings recorded since the server began to count.")
    recorded.add_metric([], seen.postings)
    jobs = GaugeMetricFamily("qazyna_jobs", "Jobs that wait, run or have failed.", labels=["queue", "status"])
    for each in state.queues(work.connection):
        jobs.add_metric([each.queue, each.status], each.jobs)
    beats = [worker.last_heartbeat for worker in state.workers(work.connection)]
    silence = (now() - max(beats)).total_seconds() if beats else float("nan")
    return [
        recorded,
        jobs,
        _gauge("database_bytes", "Size of the database.", seen.database_bytes),
        _gauge("unsealed_entries", "Entries that wait to be sealed.", seen.unsealed),
        _gauge("seal_lag_seconds", "Seconds for which the oldest of them has waited.", seen.seal_lag(now())),
        _gauge("workers", "Workers of the queue.", len(beats)),
        _gauge("worker_silence_seconds", "Seconds since any of them was last heard of.", silence),
    ]


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"qazyna_{name}", told, value=value)
