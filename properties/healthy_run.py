"""One healthy run in which every checker has something to look at: what the canaries spoil.

It holds the model task, a poison task, a retry, a stop, a rhythm, a queue, a backlog, a fault and
a long task, each at a time of its own. No checker finds anything in it, and none says UNKNOWN.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from properties.edits import changed, swapped, told
from properties.histories import call, model_batch, model_task
from properties.lives import contents, result
from properties.tape import FINAL_MS, LEASE_MS, OUTSPOKEN, Tape, seconds

if TYPE_CHECKING:
    from reports.schema import Op

CONTRACT: Final = dataclasses.replace(
    OUTSPOKEN.contract(),
    backoff_seconds=(2.0,),
    timeout_seconds=None,
    priorities=True,
    in_order=True,
    periodic=True,
    stop_seconds=5.0,
    wakes_up=1.0,
)
"""A contract that leaves nothing out."""

KEEPER, RETIRED, RUNNER, LONG, DRUMMER = 910, 920, 950, 955, 960
"""The workers, each by what it is there for."""

LINE: Final = 110
RHYTHM_MS: Final = 4_000
LAST_SLOT_MS: Final = 88_000


@dataclasses.dataclass(slots=True, kw_only=True)
class Errand:
    """One row, told step by step."""

    tape: Tape
    key: str
    owner: int
    row: int = 0
    token: int = 0
    pid: int = 0

    def ask(self, at: int, *, kind: str = "send_mail", **created: Any) -> None:
        """Enqueue it, to run at once."""
        self.row = self.tape.new_row()
        asked = {name: created.pop(name) for name in ("repeat_seconds",) if name in created}
        asked["kind"] = kind
        call(self.tape, at, self.key, "ok", asked=asked, row=self.row, duplicate=False)
        self.appear(at + 10, due=created.pop("due", at + 20), **created)

    def appear(self, at: int, *, due: int, **created: Any) -> None:
        """Its row is there."""
        value: dict[str, Any] = {"run_at": seconds(due), "task_hash": f"hash of {self.key}"}
        value |= {"max_attempts": None, "queue": "line", "priority": 0, **created}
        self.audit(at, "created", **value)

    def audit(self, at: int, f: str, *, attempt: int | None = None, **value: Any) -> None:
        """Let the audit speak of it."""
        token = self.token or None
        self.tape.audit(at, f, self.key, self.row, token=token, attempt=attempt, value=value)

    def claim(self, at: int) -> None:
        """Its worker claims it, and a body starts."""
        self.token += 1
        self.pid = self.tape.new_pid()
        lease = {"lease_until": seconds(at + LEASE_MS), "owner": f"host:{self.owner}"}
        self.audit(at, "claim", attempt=self.token, attempts=self.token, **lease)
        value = {"pid": self.pid, "row": self.row, **contents(self.tape, self.key)}
        self.say(at + 2, "invoke", "attempt", attempt=self.token, token=self.token, value=value)

    def say(self, at: int, type_: str, f: str, **fields: Any) -> None:
        """Let its body speak."""
        self.tape.say(at, f"body-{self.pid}", type_, f, task=self.key, **fields)

    def beat(self, at: int) -> None:
        """Its lease is renewed."""
        self.audit(at, "heartbeat", lease_until=seconds(at + LEASE_MS))

    def succeed(self, at: int) -> None:
        """It has its effect and ends."""
        returned = result(self.tape, self.key, self.pid)
        self.say(at, "ok", "effect", value={"pid": self.pid})
        self.say(at + 2, "ok", "attempt", value=returned)
        self.end(at + 4, "finish", "completed", **returned)

    def end(self, at: int, f: str, state: str, **value: Any) -> None:
        """Its row is no longer live."""
        self.audit(at, f, attempts=self.token, **value)
        self.audit(at, "deleted")
        final = {"row": self.row, "state": state, "attempts": self.token, "lease_until": None}
        final["run_at"] = seconds(at)
        self.tape.say(FINAL_MS, "final-read", "ok", "row", task=self.key, value=final)

    def kill_itself(self, at: int) -> None:
        """Its body ends its own process."""
        fault = f"fault-poison-{self.pid}"
        value = {"pid": self.pid, "target": "itself"}
        self.tape.say(at, fault, "invoke", "kill", value=value)
        self.tape.say(at + 50, fault, "ok", "kill", value={"pid": self.pid, "in_body": True})


def healthy_run() -> list[Op]:
    """Return the run's history."""
    tape = Tape(OUTSPOKEN)
    for name, at in (("setup", 0), ("steady", 10), ("chaos", 20), ("heal", 41_500)):
        tape.say(at, "harness", "ok", "phase", value={"name": name})
    for name, at in (("drain", 42_000), ("quiesce", 394_500), ("final-read", 398_400)):
        tape.say(at, "harness", "ok", "phase", value={"name": name})
    model_task(tape)
    model_batch(tape)
    call(tape, 200, "aborted", "fail", asked={"aborts": True})
    _poison(tape)
    _retry(tape)
    _stop(tape)
    _rhythm(tape)
    _queue(tape)
    tape.fault(40_000, 41_000, "processes", 970)
    _long(tape)
    _end(tape)
    return _counted(tape.ops())


def _poison(tape: Tape) -> None:
    errand = Errand(tape=tape, key="poison", owner=KEEPER)
    errand.ask(5_000, kind="kill_worker", max_attempts=2)
    errand.claim(5_030)
    errand.kill_itself(5_100)
    errand.audit(5_200, "release", attempts=1, run_at=seconds(5_200))
    errand.claim(5_500)
    errand.kill_itself(5_600)
    errand.end(5_700, "dead-letter", "failed")


def _retry(tape: Tape) -> None:
    errand = Errand(tape=tape, key="retried", owner=KEEPER)
    errand.ask(6_500, kind="fail_once")
    errand.claim(6_530)
    errand.say(6_600, "fail", "attempt")
    errand.audit(6_620, "release", attempts=1, run_at=seconds(8_700))
    errand.claim(8_710)
    errand.beat(8_750)
    errand.succeed(8_760)


def _stop(tape: Tape) -> None:
    errand = Errand(tape=tape, key="interrupted", owner=RETIRED)
    errand.ask(9_900)
    errand.claim(9_930)
    _order(tape, 10_000, "stop", RETIRED, signal="SIGTERM")
    tape.say(10_020, "harness", "ok", "death", value={"pid": errand.pid})
    errand.audit(10_030, "release", attempts=1, run_at=seconds(10_030))
    _order(tape, 10_500, "exit", RETIRED, status=0)
    errand.owner = KEEPER
    errand.claim(10_600)
    errand.succeed(10_650)


def _rhythm(tape: Tape) -> None:
    until: dict[str, Any] = {
        "repeats": True,
        "repeat_until": seconds(LAST_SLOT_MS),
        "queue": "beat",
    }
    errand = Errand(tape=tape, key="tick", owner=DRUMMER)
    errand.ask(11_980, repeat_seconds=RHYTHM_MS // 1000, slot_at=seconds(12_000), **until)
    for slot in range(12_000, LAST_SLOT_MS + 1, RHYTHM_MS):
        errand.claim(slot + 10)
        errand.succeed(slot + 30)
        if slot < LAST_SLOT_MS:
            following = slot + RHYTHM_MS
            errand.row, errand.token = tape.new_row(), 0
            errand.appear(slot + 34, due=following, slot_at=seconds(following), **until)


def _queue(tape: Tape) -> None:
    """Run many rows one after the other, then some that are all due at once, then a straggler."""
    for number in range(LINE):
        _run(tape, f"line-{number}", at=20_000 + 100 * number)
    for number in range(8):
        errand = Errand(tape=tape, key=f"backlog-{number}", owner=RUNNER)
        errand.ask(33_980, due=34_000 + number, priority=5 if number < 4 else 0)
        errand.claim(34_100 + 500 * number)
        errand.succeed(34_130 + 500 * number)
    _run(tape, "straggler", at=130_000)


def _run(tape: Tape, key: str, *, at: int) -> None:
    errand = Errand(tape=tape, key=key, owner=RUNNER)
    errand.ask(at - 20)
    errand.claim(at + 10)
    errand.succeed(at + 30)


def _long(tape: Tape) -> None:
    errand = Errand(tape=tape, key="long", owner=LONG)
    errand.ask(42_180)
    errand.claim(42_210)
    for at in range(44_200, 150_000, 2_000):
        errand.beat(at)
    errand.succeed(150_200)


def _end(tape: Tape) -> None:
    for pid in (KEEPER, RUNNER, LONG, DRUMMER):
        _order(tape, 395_000, "stop", pid, signal="SIGTERM")
        _order(tape, 396_000, "exit", pid, status=0)
    idle = {"session": 41, "state": "idle", "seconds": 3.0, "query": "SELECT 1"}
    tape.say(397_100, "harness", "ok", "sessions", value={"open": [idle]})
    tape.say(398_500, "harness", "ok", "census")
    tape.say(FINAL_MS, "final-read", "ok", "final-read", value={"drained": True, "produced": True})


def _order(tape: Tape, at: int, f: str, pid: int, **value: Any) -> None:
    tape.say(at, "harness", "ok", f, value={"pid": pid, "slot": 0, **value})


def _counted(ops: list[Op]) -> list[Op]:
    """Let the census and the final read tell how much there is."""
    (census,), (final,) = told(ops, "census"), told(ops, "final-read")
    words = {"created": "created", "finished": "finish", "dead_lettered": "dead-letter"}
    counts = {name: len(told(ops, word)) for name, word in (*words.items(), ("deleted", "deleted"))}
    live = counts["created"] - counts["deleted"]
    ended = {"completed": counts["finished"], "failed": counts["dead_lettered"]}
    audited = sum(op.process == "audit" for op in ops)
    read = {"rows": len(told(ops, "row")), "audited": audited}
    whole = {id(census): changed(census, {"live": live, **ended, **counts})}
    return swapped(ops, {**whole, id(final): changed(final, read)})
