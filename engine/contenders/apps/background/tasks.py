"""The load task, declared as documented by both queues that are imported as ``background_task``."""

from background_task import background
from engine.project import load


@background
def work(  # noqa: PLR0917 - positional ones are the shortest in a row
    key: int, intended_ns: int, work_ms: float, is_cpu: bool, fails_first: bool, payload: str
) -> None:
    """Do what the load test asks for; the payload only has to be carried."""
    del payload
    load.work(key, intended_ns, work_ms, is_cpu, fails_first)
