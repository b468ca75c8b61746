"""Faults of workers, struck at real processes that are no queue: each is seen to land, or not."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, cast

import psutil
import pytest

from chaos.arena import Arena
from chaos.bodies import Bodies
from chaos.cluster import Cluster
from chaos.deathwatch import DeathWatch
from chaos.faults import FAULTS, NotLanded, patience
from chaos.plan import Plan
from engine.project.recorder import Recorder
from engine.subjects import BackgroundTask
from reports.schema import read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chaos.faults.fault import Proof
    from reports.schema import Op

PLAN = Plan(scenario="none", seed=1, workers=1, processes=1, calls=(), strikes=())
POLITE = "echo ready > $READY; exec sleep 30"
STUBBORN = "trap '' TERM INT; echo ready > $READY; sleep 30"
SLOW_TO_OBEY = "trap 'trap \"exit 0\" TERM' TERM; echo ready > $READY; while :; do sleep 0.02; done"
LEAVES_AN_ORPHAN = "sh -c 'sleep 30 &'; echo ready > $READY; exec sleep 30"


class _Program(BackgroundTask):
    """A subject whose worker is a shell script."""

    def __init__(self, path: Path, script: str) -> None:
        self.path = path / "worker"
        self.ready = path / "ready"
        self.path.write_text(f"#!/bin/sh\nREADY={self.ready}\n{script}\n")
        self.path.chmod(0o755)

    def python(self) -> Path:
        return self.path


class _Stage:
    """An arena with one worker that runs a script."""

    def __init__(self, folder: Path, script: str) -> None:
        for name in ("history", "logs", "orders"):
            (folder / name).mkdir()
        self.folder = folder
        self.subject = _Program(folder, script)
        self.recorder = Recorder(folder / "history", "harness")
        self.cluster = Cluster(self.subject, {"worker": {}}, folder, self.recorder)
        self.cluster.start_workers(PLAN)
        self.arena = Arena(
            plan=PLAN,
            cluster=self.cluster,
            bodies=Bodies(folder / "history"),
            database=cast("Any", None),  # no fault of a worker asks for it
            subject=self.subject,
            history=self.recorder,
            rng=random.Random(1),  # noqa: S311
            proxies={},
            orders=folder / "orders",
        )
        _await(self.subject.ready.exists)

    @property
    def pid(self) -> int:
        """The worker's."""
        return self.cluster.workers()[0]

    def ops(self, f: str) -> list[Op]:
        """Return what the harness has written of that."""
        return [op for op in read_history(self.folder) if op.f == f]

    @contextlib.contextmanager
    def struck(self, fault: str, **options: Any) -> Iterator[Proof]:
        """Inflict a fault on the worker."""
        told = {"trigger_pid": self.pid, "name": "fault-1", **options}
        with FAULTS[fault].inflict(self.arena, told) as proof:
            yield proof


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[[str], _Stage]]:
    """Give what makes a stage; nothing of it is left after the test."""
    with contextlib.ExitStack() as stack:

        def make(script: str) -> _Stage:
            made = _Stage(tmp_path, script)
            stack.callback(made.recorder.close)
            stack.callback(made.cluster.stop, seconds=0.0)
            return made

        yield make


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make faults that do not land do so quickly."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.3)


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _is_replaced(cluster: Cluster, pid: int) -> bool:
    cluster.tend()
    return cluster.workers().get(0, pid) != pid


@pytest.mark.parametrize("fault", ["sigterm", "sigint"])
def test_a_stop_lands_when_the_worker_has_ended(stage: Callable[[str], _Stage], fault: str) -> None:
    """It is recorded as an order to stop, and another worker takes the place."""
    made = stage(POLITE)
    pid = made.pid

    with made.struck(fault, target="everything") as proof:
        pass

    assert proof() == {"pids": [pid]}
    assert [op.value["signal"] for op in made.ops("stop")] == [fault.upper()]
    _await(lambda: _is_replaced(made.cluster, pid))


def test_who_does_not_stop_is_told_again(stage: Callable[[str], _Stage]) -> None:
    """The second signal comes after a while, to who lives by then."""
    made = stage(SLOW_TO_OBEY)

    with made.struck("sigterm", target="worker", again_after=0.1) as proof:
        pass

    assert proof()
    assert len(made.ops("stop")) == 2


def test_who_does_not_stop_is_killed_after_its_grace(stage: Callable[[str], _Stage]) -> None:
    """And the kill is recorded like any other."""
    made = stage(STUBBORN)
    pid = made.pid

    with made.struck("sigint", target="worker", kill_after=0.1) as proof:
        pass

    assert proof() == {"pids": [pid]}
    assert pid in {op.value["pid"] for op in made.ops("kill") if op.type == "ok"}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("script", "options"),
    [(STUBBORN, {}), (POLITE, {"again_after": 60.0}), (POLITE, {"kill_after": 60.0})],
    ids=["nobody stopped", "once was enough", "no kill was needed"],
)
def test_a_stop_that_did_not_do_its_thing_has_not_landed(
    stage: Callable[[str], _Stage], script: str, options: dict[str, float]
) -> None:
    """A run that was to show a second signal or a kill, and did not, proves nothing about it."""
    made = stage(script)

    with made.struck("sigterm", target="worker", **options) as proof:
        pass

    assert proof() is None


def test_an_interrupted_run_does_not_wait_for_a_fault_to_land(
    stage: Callable[[str], _Stage],
) -> None:
    """Ctrl-C heals at once; the conductor heals while the interruption is on its way."""
    made = stage(STUBBORN)
    stack = contextlib.ExitStack()
    proof = stack.enter_context(made.struck("sigterm", target="worker"))
    begun = time.monotonic()

    with contextlib.suppress(KeyboardInterrupt):
        try:
            raise KeyboardInterrupt
        finally:
            stack.close()

    assert time.monotonic() - begun < patience.PATIENCE_SECONDS / 2
    assert proof() is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
@pytest.mark.parametrize(
    ("fault", "kind"),
    [("memory_limit", resource.RLIMIT_AS), ("descriptors", resource.RLIMIT_NOFILE)],
)
def test_a_limit_is_where_the_process_stands_and_is_raised_back(
    stage: Callable[[str], _Stage], fault: str, kind: int
) -> None:
    """Nothing is left below it, by the kernel's own account."""
    made = stage(POLITE)
    former = resource.prlimit(made.pid, kind)

    with made.struck(fault, target="supervisor") as proof:
        evidence = proof()
        soft, _ = resource.prlimit(made.pid, kind)

    assert evidence == {"pids": [made.pid], "limits": [soft]}
    assert resource.prlimit(made.pid, kind) == former


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
@pytest.mark.parametrize(
    ("fault", "need", "error"),
    [
        ("memory_limit", "bytearray(64 << 20)", "MemoryError"),
        ("descriptors", "open('/dev/null')", "OSError"),
    ],
)
def test_who_is_at_its_limit_gets_no_more_until_it_is_healed(
    stage: Callable[[str], _Stage], fault: str, need: str, error: str
) -> None:
    """The shortage is real, and it ends."""
    program = (
        "import signal, sys\n"
        "def ask(*_):\n"
        f"    try: {need}\n"
        "    except Exception as error: said = type(error).__name__\n"
        "    else: said = 'enough'\n"
        "    sys.stdout.write(said + ' ')\n"
        "    sys.stdout.flush()\n"
        "signal.signal(signal.SIGUSR1, ask)\n"
        "open(sys.argv[1], 'w').close()\n"
        "while True: signal.pause()\n"
    )
    made = stage(f'exec {sys.executable} -c "$(cat <<EOF\n{program}EOF\n)" $READY')
    log = made.folder / "logs" / "worker-0.log"

    with made.struck(fault, target="worker"):
        os.kill(made.pid, signal.SIGUSR1)
        _await(lambda: len(log.read_text().split()) == 1)
    os.kill(made.pid, signal.SIGUSR1)
    _await(lambda: len(log.read_text().split()) == 2)

    assert log.read_text().split() == [error, "enough"]


def test_an_orphan_is_seen_and_does_not_outlive_the_fault(
    stage: Callable[[str], _Stage],
) -> None:
    """It is told from the worker's own processes by its parent, which is none of them."""
    made = stage(LEAVES_AN_ORPHAN)
    dead = psutil.pids()[-1] + 1_000_000

    with made.struck("poison", harm="orphan", trigger_pid=dead) as proof:
        evidence = proof()

    assert evidence is not None
    assert made.pid not in evidence["orphans"]
    assert all(DeathWatch(pid).is_dead() for pid in evidence["orphans"])


@pytest.mark.usefixtures("impatient")
def test_poison_that_harms_nobody_has_not_landed(stage: Callable[[str], _Stage]) -> None:
    """A process that lived on is no evidence."""
    made = stage(POLITE)

    with made.struck("poison", harm="death") as proof:
        pass

    assert proof() is None


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("fault", "options"),
    [("crash", {"statement": "claim", "at": "before"}), ("deaf_heartbeat", {"seconds": 1.0})],
)
def test_an_order_that_nobody_carries_out_has_not_landed_and_is_withdrawn(
    stage: Callable[[str], _Stage], fault: str, options: dict[str, Any]
) -> None:
    """A later process must not find it."""
    made = stage(POLITE)

    with made.struck(fault, **options) as proof:
        given = list((made.folder / "orders").glob("*.json"))

    assert len(given) == 1
    assert proof() is None
    assert not list((made.folder / "orders").glob("*.json"))


@pytest.mark.parametrize(
    ("fault", "options", "reason"),
    [
        ("sigterm", {"target": "nobody"}, "no target is called 'nobody'"),
        ("sigterm", {"target": "worker", "trigger_pid": None}, "there was no worker to stop"),
        ("crash", {"statement": "dance", "at": "before"}, "no statement that is called dance"),
        ("descriptors", {"target": "task", "trigger_pid": None}, "there was no process to limit"),
        ("memory_limit", {"target": "nobody"}, "no target is called 'nobody'"),
        ("poison", {"harm": "love"}, "no harm is called 'love'"),
        ("poison", {"harm": "death", "trigger_pid": None}, "no body had started"),
    ],
)
def test_a_fault_without_a_victim_says_so(
    stage: Callable[[str], _Stage], fault: str, options: dict[str, Any], reason: str
) -> None:
    """The run is UNKNOWN then, with this sentence."""
    made = stage(POLITE)

    with pytest.raises(NotLanded, match=reason), made.struck(fault, **options):
        pass
