"""The one entry point: ``nox -l`` lists the sessions, plain ``nox`` runs lint, types and tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
CONSTRAINTS = ROOT / "constraints.txt"
PYTHONS = nox.project.python_versions(PYPROJECT)
DJANGOS = ("5.2", "6.0", "6.1")
FIRST_PYTHON_OF_DJANGO_6 = "3.12"
PROFILES = ("dev", "ci", "nightly")

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and who imports whom."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache", env={"PYTHONPATH": os.pathsep.join(import_path())})


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    install(session, "types")
    packages = ("background_task", "engine", "chaos", "properties", "loadtests", "reports")
    session.run("mypy", *(part for package in packages for part in ("-p", package)))
    session.run("mypy", "noxfile.py", "conftest.py")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on SQLite, or on each one given: nox -s tests -- --database postgresql."""
    install(session, "tests")
    databases, rest = databases_of(session.posargs, default=["sqlite"])
    for database in databases:
        # What does not depend on the database is tested once, with SQLite.
        paths = [] if database == "sqlite" or rest else ["engine"]
        run_pytest(session, database, "-n", "2", "-m", "not load", *paths, *rest)


@nox.session
@nox.parametrize(
    ("python", "django"),
    [
        (python, django)
        for python in PYTHONS
        for django in DJANGOS
        if django.startswith("5") or python >= FIRST_PYTHON_OF_DJANGO_6
    ],
)
def matrix(session: nox.Session, django: str) -> None:
    """Run the engine's tests on every supported Python and Django, on SQLite."""
    install_with_django(session, django, "tests")
    run_pytest(session, "sqlite", "-n", "2", "-m", "not load", "engine", *session.posargs)


@nox.session(python=FIRST_PYTHON_OF_DJANGO_6)
@nox.parametrize("django", [version for version in DJANGOS if not version.startswith("5")])
def django_suite(session: nox.Session, django: str) -> None:
    """Run Django's own tests of its tasks against our backend; print what differs."""
    install_with_django(session, django)
    session.run("python", "-m", "engine.django_suite")


@nox.session
def upstream(session: nox.Session) -> None:
    """Run the tests of django-background-tasks 1.2.8 against our engine; print what differs."""
    install(session)
    run_and_exit_like(session, "engine.upstream", *session.posargs)


@nox.session
def properties(session: nox.Session) -> None:
    """Run the Hypothesis suites: nox -s properties -- --database mysql --profile ci."""
    databases, rest = databases_of(session.posargs, default=["sqlite", "postgresql"])
    profile, rest = option_of(rest, "--profile", default="dev")
    if profile not in PROFILES:
        sys.exit(f"--profile {profile}: there is no such profile; choose of {', '.join(PROFILES)}")
    install(session, "properties", "chaos")
    for database in databases:
        folders = ("properties", "--ignore=properties/zoo")
        run_pytest(session, database, "-n", "2", *folders, f"--hypothesis-profile={profile}", *rest)


@nox.session
def zoo(session: nox.Session) -> None:
    """Show that every broken engine is caught: nox -s zoo -- --database mysql --seeds 10."""
    databases, rest = databases_of(session.posargs, default=["sqlite", "postgresql"])
    seeds, rest = option_of(rest, "--seeds", default="3")
    if not seeds.isdecimal() or int(seeds) < 1:
        sys.exit(f"--seeds {seeds}: give a whole number from 1 on, as in --seeds 10")
    install(session, "properties", "chaos")
    folder = ROOT / "reports" / "zoo"
    shutil.rmtree(folder, ignore_errors=True)
    session.env.update({"KILLPROOF_ZOO": str(folder), "KILLPROOF_ZOO_SEEDS": seeds})
    try:
        for database in databases:
            run_pytest(session, database, "-n", "2", "properties/zoo", *rest)
    finally:
        session.run("python", "-m", "properties.zoo.table", str(folder))


@nox.session
def mutation(session: nox.Session) -> None:
    """Mutate the checkers; fail if the tests do not notice: nox -s mutation -- lost late."""
    install(session, "mutation")
    run_and_exit_like(session, "properties.mutation", *session.posargs)


@nox.session
def selftest(session: nox.Session) -> None:
    """Plant faults and known limits that the load harness must name; minutes, one by one."""
    install(session, "tests")
    folders = ("loadtests", "engine")
    run_pytest(session, "sqlite", "-m", "load", *folders, *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Kill real workers on real databases: nox -s chaos -- --help."""
    install(session, "chaos")
    run_and_exit_like(session, "chaos", *session.posargs)


@nox.session
def loadtests(session: nox.Session) -> None:
    """Find the load at which each database saturates, and why: nox -s loadtests -- --help."""
    install(session, "loadtests")
    run_and_exit_like(session, "loadtests", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure speed beside other queues and beside the floor: nox -s benchmarks -- --help."""
    install(session, "loadtests")
    run_and_exit_like(session, "loadtests.benchmarks", *session.posargs)


@nox.session
def reports(session: nox.Session) -> None:
    """Make one site of all stored runs, with the page to decide by: nox -s reports -- --help."""
    install(session, "reports")
    run_and_exit_like(session, "reports.site", *session.posargs)


def install(
    session: nox.Session,
    *groups: str,
    constraints: Path = CONSTRAINTS,
    also: list[str] | None = None,
) -> None:
    """Install the engine and dependency groups at the versions of the constraints file."""
    requirements = nox.project.dependency_groups(PYPROJECT, *groups)
    session.install("-c", str(constraints), "-e", ".", *requirements, *(also or []))


def install_with_django(session: nox.Session, django: str, *groups: str) -> None:
    """Install as ``install`` does, but with the latest version of that Django series."""
    constraints = Path(session.create_tmp()) / "constraints.txt"
    pins = CONSTRAINTS.read_text().splitlines(keepends=True)
    constraints.write_text("".join(pin for pin in pins if not pin.startswith("django==")))
    install(session, *groups, constraints=constraints, also=[f"Django~={django}.0"])


def run_pytest(session: nox.Session, database: str, *arguments: str) -> None:
    """Run pytest against one database."""
    session.log(f"on {database}")
    session.run(
        "python",
        "-m",
        "pytest",
        *arguments,
        env={"KILLPROOF_TEST_DATABASE": database, "KILLPROOF_DATABASES": database},
        interrupt_timeout=None,
    )


def run_and_exit_like(session: nox.Session, module: str, *arguments: str) -> None:
    """Run a module and hand its exit code on, which nox by itself would turn into 1.

    Ctrl-C reaches the module too: it gets the time that its clean-up takes.
    """
    process = subprocess.Popen(
        [Path(session.bin) / "python", "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "KILLPROOF_PARENT": str(os.getpid())},
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = process.wait()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if code:
        sys.exit(code if code > 0 else 128 - code)


def databases_of(arguments: list[str], *, default: list[str]) -> tuple[list[str], list[str]]:
    """Split ``--database NAME``, which may be repeated or be ``all``, from other arguments."""
    names, rest = [], list(arguments)
    while "--database" in rest:
        name, rest = option_of(rest, "--database", default="")
        names.append(name)
    if "all" in names:
        return ["sqlite", "postgresql", "mysql", "mariadb"], rest
    return names or default, rest


def option_of(arguments: list[str], option: str, *, default: str) -> tuple[str, list[str]]:
    """Split ``option VALUE`` from other arguments."""
    if option not in arguments:
        return default, arguments
    at = arguments.index(option)
    if at + 1 == len(arguments):
        sys.exit(f"{option} needs a value behind it; nox -l has examples")
    return arguments[at + 1], arguments[:at] + arguments[at + 2 :]


def import_path() -> list[str]:
    """Return the folders that packages are imported from."""
    return [str(ROOT), str(ROOT / "engine")]
