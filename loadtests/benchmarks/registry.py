"""All benchmarks by name, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from loadtests.benchmarks import databases, drain, enqueue, flat, floor, memory, wake_up

if TYPE_CHECKING:
    from loadtests.benchmarks.benchmark import Benchmark

BENCHMARKS: Final[dict[str, Benchmark]] = {
    module.BENCHMARK.name: module.BENCHMARK
    for module in (drain, floor, databases, enqueue, flat, memory, wake_up)
}
