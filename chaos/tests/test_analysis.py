"""``analyse``, and what every checker has in common."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from chaos.checkers import CHECKERS, Checker, analyse
from chaos.checkers.checker import Finding, Findings
from chaos.tests.judging import CONTRACT, check
from chaos.tests.script import Script, good_run, killed_run
from engine.subjects.contract import Contract
from reports.schema import Verdict

if TYPE_CHECKING:
    from chaos.history import History


def complete_run() -> Script:
    """A run that puts every check to the test."""
    script = killed_run().enqueue(3.0, "order-2", 2, due=4.0)
    script.call(3.5, "order-2").answer(3.6, "order-2", row=2, duplicate=True)
    script.claim(4.1, task="order-2", row=2).body(4.2, pid=801, task="order-2", row=2)
    return script.finish(4.5, task="order-2", row=2).final(60.0, "completed", task="order-2", row=2)


def test_a_run_that_kept_every_promise_is_valid() -> None:
    """Every check was put to the test, and says so in the order of the report."""
    results = analyse(complete_run().ops, CONTRACT)
    assert results.verdict == Verdict.VALID
    visible = [checker.name for checker in CHECKERS if checker.can_be_seen(CONTRACT)]
    assert [check.name for check in results.checks] == visible


def test_checks_that_the_contract_does_not_promise_cannot_drag_a_run_down() -> None:
    """What its subject does not show is left out; what it does not promise is no offence."""
    modest = Contract(
        max_attempts=3,
        recovery_seconds=5.0,
        leases=False,
        deduplicates=False,
        counts_attempts=False,
    )
    checks = {check.name: check for check in analyse(complete_run().ops, modest).checks}
    assert not {"double-claim", "unnoticed-death"} & checks.keys()
    assert not checks["dedupe-violation"].is_forbidden
    assert not checks["uncounted-attempt"].is_forbidden
    assert checks["lost"].is_forbidden


def test_a_property_that_the_run_did_not_set_out_to_test_makes_it_not_unknown() -> None:
    """Unless it crashed, or misses something; and the result says what it is."""

    def crash(_history: History, _contract: Contract) -> Findings:
        raise ZeroDivisionError("the checker divides by nothing")

    finds = {
        "untested": lambda *_: Findings(exercised=0),
        "missing": lambda *_: Findings(exercised=0, missing="the other half"),
        "tested": lambda *_: Findings(exercised=1),
        "crashed": crash,
    }
    checkers = [Checker(name=name, opportunities="luck", find=find) for name, find in finds.items()]
    results = analyse(complete_run().ops, CONTRACT, checkers=checkers, exercises={"tested"})
    assert {check.name: (check.verdict, check.is_required) for check in results.checks} == {
        "untested": (Verdict.UNKNOWN, False),
        "missing": (Verdict.UNKNOWN, True),
        "tested": (Verdict.VALID, True),
        "crashed": (Verdict.UNKNOWN, True),
    }
    alone = analyse(complete_run().ops, CONTRACT, checkers=checkers[::2])
    assert alone.verdict == Verdict.VALID
    asked = analyse(complete_run().ops, CONTRACT, checkers=checkers[::2], exercises={"untested"})
    assert asked.verdict == Verdict.UNKNOWN


def test_an_anomaly_that_the_contract_allows_is_counted_and_makes_nothing_invalid() -> None:
    """A reader sees it, with its witness; the verdict does not."""
    finding = Finding(task="order-1", proof="it happened", moments=(1,), ops=good_run().ops)
    checker = Checker(
        name="allowed",
        opportunities="luck",
        find=lambda *_: Findings(exercised=1, found=[finding]),
        is_promised=lambda _: False,
    )
    results = analyse(complete_run().ops, CONTRACT, checkers=[checker])
    (check,) = results.checks
    assert (check.verdict, check.count, check.is_forbidden) == (Verdict.VALID, 1, False)
    assert results.verdict == Verdict.VALID


def test_a_checker_that_crashes_proves_nothing() -> None:
    """UNKNOWN with the exception, and the other checks go on."""

    def crash(_history: History, _contract: Contract) -> Findings:
        raise ZeroDivisionError("the checker divides by nothing")

    broken = Checker(name="broken", opportunities="anything", find=crash)
    results = analyse(complete_run().ops, CONTRACT, checkers=(CHECKERS[0], broken))
    assert results.verdict == Verdict.UNKNOWN
    assert [check.verdict for check in results.checks] == [Verdict.VALID, Verdict.UNKNOWN]
    assert "ZeroDivisionError: the checker divides by nothing" in results.checks[1].note


def test_an_anomaly_outweighs_what_nobody_knows() -> None:
    """The worst verdict wins."""
    script = Script().enqueue(1.0).read()
    assert analyse(script.ops, CONTRACT).verdict == Verdict.INVALID
    assert analyse(Script().ops, CONTRACT).verdict == Verdict.UNKNOWN


def test_no_check_passes_an_empty_history() -> None:
    """Nothing was put to the test."""
    for result in analyse((), CONTRACT).checks:
        assert result.verdict == Verdict.UNKNOWN
        assert result.note


def test_eight_anomalies_are_shown_and_all_are_counted() -> None:
    """A reader needs examples, a table needs the number."""
    script = Script()
    for row in range(1, 21):
        script.enqueue(row * 1.0, f"order-{row}", row)
    result = check("lost", script.read())
    assert result.count == 20
    assert [anomaly.task for anomaly in result.anomalies] == [f"order-{n}" for n in range(1, 9)]


def test_the_order_in_which_the_files_are_read_changes_nothing() -> None:
    """Each process's own order is all that a reader has to keep."""
    script = complete_run()
    by_process: dict[str, list[int]] = {}
    for index, op in enumerate(script.ops):
        by_process.setdefault(op.process, []).append(index)
    processes = list(by_process)
    random.Random(7).shuffle(processes)  # noqa: S311 - not a secret
    shuffled = [script.ops[index] for process in processes for index in by_process[process]]
    assert analyse(shuffled, CONTRACT) == analyse(script.ops, CONTRACT)


def test_the_witness_holds_the_task_and_the_faults_around_it() -> None:
    """In the order of time, without other tasks and faults of other times, and each op once."""
    script = killed_run().enqueue(3.0, "order-2", 2).kill(30.0, pid=777).exit(4.0, pid=555)
    anomaly = check("duplicated-effect", script, delivery="effectively-once").anomalies[0]
    assert [op.time for op in anomaly.witness] == sorted(op.time for op in anomaly.witness)
    assert {op.task for op in anomaly.witness} == {"order-1", None}
    pids = {op.value.get("pid") for op in anomaly.witness if op.f in {"kill", "exit"}}
    assert pids == {800, 555}


def test_a_fault_that_names_the_task_is_shown_once() -> None:
    """It is both one of the task's ops and one of the faults."""
    script = good_run()
    script.say(2.2, "fault-1", "invoke", "kill", task="order-1", value={"pid": 800})
    script.without(lambda op: op.f in {"finish", "deleted", "row", "effect"})
    anomaly = check("lost", script).anomalies[0]
    assert sum(op.f == "kill" for op in anomaly.witness) == 1


def test_a_long_witness_keeps_what_is_nearest_to_the_proof() -> None:
    """Forty ops at most, and the two claims are among them."""
    script = Script().enqueue(1.0).claim(2.0, token=1, until=300.0)
    for beat in range(100):
        script.heartbeat(3.0 + beat, 1, 300.0)
    script.claim(200.0, token=2)
    anomaly = check("double-claim", script).anomalies[0]
    assert len(anomaly.witness) == 40
    assert [op.token for op in anomaly.witness if op.f == "claim"] == [1, 2]


def test_a_row_whose_task_nobody_knows_is_shown_by_its_audit() -> None:
    """The anomaly has no task then."""
    script = Script().audit(2.0, "claim", None, token=1, owner="a", lease_until=1009.0)
    script.audit(3.0, "claim", None, token=2, owner="b", lease_until=1009.0)
    anomaly = check("double-claim", script).anomalies[0]
    assert anomaly.task is None
    assert [op.token for op in anomaly.witness] == [1, 2]
