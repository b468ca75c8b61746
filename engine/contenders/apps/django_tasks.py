"""The load task, declared with Django's tasks interface."""

from engine.project import load

try:
    from django.tasks import task
except ImportError:  # Django 5.2 has the interface from a package
    from django_tasks import task  # type: ignore[no-redef]


@task
def work(  # noqa: PLR0917 - positional ones are the shortest in a row
    key: int, intended_ns: int, work_ms: float, is_cpu: bool, fails_first: bool, payload: str
) -> None:
    """Do what the load test asks for; the payload only has to be carried."""
    del payload
    load.work(key, intended_ns, work_ms, is_cpu, fails_first)
