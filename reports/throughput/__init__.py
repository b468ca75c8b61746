"""The throughput report: from stored load runs to one page that says stay, tune or move.

It measures nothing; every figure comes from the stored runs, the forecast or the file of facts.
"""

from reports.throughput.comparability import comparable
from reports.throughput.forecast import Forecast, read_forecast
from reports.throughput.stored import BadLoadError, LoadRun, is_load_run, read_load_run
from reports.throughput.writing import write_load_page, write_throughput

__all__ = [
    "BadLoadError",
    "Forecast",
    "LoadRun",
    "comparable",
    "is_load_run",
    "read_forecast",
    "read_load_run",
    "write_load_page",
    "write_throughput",
]
