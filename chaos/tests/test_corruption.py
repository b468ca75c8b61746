"""The checker ``corruption``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run, killed_run

NAME = "corruption"
KEPT = {"keeps_results": True}


def called(digest: str = "aa") -> Script:
    """A row of a call with this digest."""
    return Script().call(1.0, digest=digest).created(1.01).answer(1.02)


def returned(stored: str) -> Script:
    """An attempt that returned an invoice, and a finish that stores this."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1).end(2.3, result='{"a": 1, "b": [2]}')
    return script.finish(2.4, result=stored)


def test_a_body_that_gets_what_was_sent_is_right() -> None:
    """Or what any of the calls sent that may have made its row."""
    assert_valid(NAME, called().start(2.0, digest="aa"))
    script = called().call(1.5, digest="bb").refuse(1.6, "info")
    assert_valid(NAME, script.start(2.0, digest="aa").start(2.1, 801, row=2, digest="bb"))


def test_a_body_that_gets_something_else_is_corrupted() -> None:
    """The proof names both digests."""
    proof = only_anomaly(NAME, called().start(2.0, digest="bb")).proof
    assert "body-800 began order-1 at 2.00 s with arguments of digest bb" in proof
    assert proof.endswith("it was enqueued with aa")


def test_a_body_that_gets_what_another_row_was_sent_is_corrupted() -> None:
    """Each row has its own arguments."""
    script = called().call(1.5, digest="bb").created(1.6, row=2).answer(1.7, row=2)
    assert_valid(NAME, script.start(2.0, row=2, digest="bb"))
    only_anomaly(NAME, script.start(2.1, 801, row=1, digest="bb"))


def test_what_nobody_told_is_not_compared() -> None:
    """Nor counted as an opportunity."""
    for script in (good_run(), called().start(2.0), Script().enqueue(1.0).start(2.0, digest="aa")):
        result = check(NAME, script, **KEPT)
        assert (result.exercised, result.count) == (0, 0)
        assert "no arguments or results that can be compared" in result.note


def test_a_result_that_is_stored_as_it_was_returned_is_right() -> None:
    """However the database writes JSON."""
    assert_valid(NAME, returned('{"b":[2],"a":1}'), **KEPT)


def test_another_result_than_was_returned_is_corrupted() -> None:
    """The proof names both; a contract that keeps none does not promise it."""
    proof = only_anomaly(NAME, returned("null"), **KEPT).proof
    assert "was finished at 2.40 s with the result null, and its attempt had returned" in proof
    assert not check(NAME, returned("null")).count


def test_a_result_of_another_task_is_cross_talk() -> None:
    """The proof says whose it is."""
    script = returned('"mine"').start(3.0, 801, task="order-2", row=2)
    script.end(3.1, 801, task="order-2", result='"mine"')
    proof = only_anomaly(NAME, script, **KEPT).proof
    assert 'with the result "mine", which is what order-2 returned' in proof


def test_only_the_attempts_of_the_finishs_token_may_have_made_the_result() -> None:
    """Another attempt's result is another result; without tokens any attempt's will do."""
    script = killed_run().without(lambda op: op.f == "finish")
    script.end(2.95, 800, result='"first"')
    script.without(lambda op: op.f == "attempt" and op.type == "ok" and op.process == "body-801")
    script.end(2.8, 801, result='"second"')
    only_anomaly(NAME, script.audit(3.0, "finish", token=2, result='"first"'), **KEPT)
    script.without(lambda op: op.f == "finish")
    assert_valid(NAME, script.audit(3.0, "finish", result='"first"'), **KEPT)


def test_a_stored_result_that_is_no_json_is_compared_as_it_is() -> None:
    """It is not what was returned."""
    assert 'the result "{broken"' in only_anomaly(NAME, returned("{broken"), **KEPT).proof
    assert_valid(NAME, returned({"a": 1, "b": [2]}), **KEPT)  # type: ignore[arg-type]


def test_all_that_may_have_been_sent_or_returned_is_told() -> None:
    """One after the other."""
    script = called().call(1.5, digest="bb").refuse(1.6, "info")
    proof = only_anomaly(NAME, script.start(2.0, row=7, digest="cc")).proof
    assert proof.endswith("it was enqueued with aa or bb")
    twice = Script().enqueue(1.0).claim(2.0).start(2.1).end(2.2, result="1")
    twice.start(2.3, 801).end(2.4, 801, result="2").finish(2.5, result="3")
    proof = only_anomaly(NAME, twice, **KEPT).proof
    assert proof.endswith("with the result 3, and its attempt had returned 1 or 2")


def test_only_a_finish_has_a_result_to_compare() -> None:
    """Whatever else the audit tells in that word, or does not."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1).end(2.3, result="1")
    script.audit(2.35, "changed", token=1, result="9").finish(2.4, result="1")
    assert_valid(NAME, script, **KEPT)
    untold = Script().enqueue(1.0).claim(2.0).start(2.1).end(2.3, result="1").finish(2.4)
    assert check(NAME, untold, **KEPT).note.startswith("never put to the test")
