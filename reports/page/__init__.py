"""Self-contained HTML pages of stored runs: one page per run, one index per session.

The pages need no network, no other file and no JavaScript; every text of a run is escaped.
"""

from reports.page.stored_run import BadRunError
from reports.page.writing import write_index, write_report

__all__ = ["BadRunError", "write_index", "write_report"]
