"""Tables that have been used for a while: whether the queue slows down as they grow.

The rows are put in by one statement for each table, and are the engine's own in all but their name.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, Final

from engine.subjects.background_task import COMPLETED, SCHEDULED
from loadtests.knobs.knob import Change, Knob, KnobError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.contenders.contender import Contender, Site
    from engine.databases import Database
    from loadtests.knobs.knob import Turned

TASK_NAME: Final = "killproof.history"
MOST_ROWS: Final = 1_000_000

_CONTENDER: Final = "background_task"
# MySQL 9 has no SHA1 any more.
_MYSQL: Final = {
    "now": "UTC_TIMESTAMP(6)",
    "future": "UTC_TIMESTAMP(6) + INTERVAL 30 DAY",
    "hash": "LEFT(SHA2(number, 256), 40)",
}
_WORDS: Final = {
    "sqlite": {
        "now": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
        "future": "strftime('%Y-%m-%d %H:%M:%f', 'now', '+30 days')",
        "hash": "lower(hex(randomblob(20)))",
    },
    "postgresql": {
        "now": "now()",
        "future": "now() + interval '30 days'",
        "hash": "md5(number::text) || '00000000'",
    },
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
}
# What autovacuum and its like would do at a moment of their own choice, in the middle of a step.
_AFTERCARE: Final = {
    "sqlite": (),
    "postgresql": (f"VACUUM ANALYZE {COMPLETED}", f"VACUUM ANALYZE {SCHEDULED}"),
    "mysql": (f"ANALYZE TABLE {COMPLETED}, {SCHEDULED}",),
    "mariadb": (f"ANALYZE TABLE {COMPLETED}, {SCHEDULED}",),
}
_DIGITS: Final = " UNION ALL ".join(f"SELECT {digit} AS digit" for digit in range(10))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class History(Knob):
    """``rows`` completed tasks, and as many scheduled ones that are not due for a month.

    The queue must be emptied before, not within: the rows are still there at the end of the block,
    or it raises. The queue counts the scheduled ones among the tasks that it holds.
    """

    rows: int

    def why_not(self, contender: Contender, database: Database) -> str:
        """Refuse queues whose tables we do not fill."""
        del database
        if contender.name == _CONTENDER:
            return ""
        return f"The rows of {self.name} fit the tables of {_CONTENDER}, not of {contender.name}."

    def change(self, site: Site, workload: Mapping[str, Any]) -> Change:
        """Name the rows."""
        del site, workload
        rows = f"{self.rows:,}".replace(",", " ")
        return Change(
            before="tables that begin empty",
            after=f"{rows} completed tasks and {rows} tasks of next month in the tables",
        )

    @contextlib.contextmanager
    def turned(self, site: Site, workload: Mapping[str, Any]) -> Iterator[Turned]:
        """Put the rows in, and remove them afterwards."""
        try:
            with _session(site.database) as cursor:
                _insert(cursor, site.database.name, self.rows)
            yield site, workload
            with _session(site.database) as cursor:
                _check(cursor, self.rows)
        except BaseException:
            # What went wrong first is what people need to hear of.
            with contextlib.suppress(KnobError):
                _remove(site.database)
            raise
        _remove(site.database)


def _insert(cursor: Any, database: str, rows: int) -> None:
    for statement in (_completed(database, rows), _scheduled(database, rows)):
        cursor.execute(statement)
    _check(cursor, rows)
    for statement in _AFTERCARE[database]:
        cursor.execute(statement)


def _check(cursor: Any, rows: int) -> None:
    """Raise unless all rows are there."""
    for table in (COMPLETED, SCHEDULED):
        cursor.execute(
            f"SELECT count(*) FROM {table} WHERE task_name = '{TASK_NAME}'"  # noqa: S608 - constants
        )
        if (found := cursor.fetchone()[0]) != rows:
            raise KnobError(
                f"The knob history did not take effect: {table} has {found} of its {rows} rows; "
                "empty the queue before it is applied, not within."
            )


def _remove(database: Database) -> None:
    with _session(database) as cursor:
        for table in (COMPLETED, SCHEDULED):
            cursor.execute(
                f"DELETE FROM {table} WHERE task_name = '{TASK_NAME}'"  # noqa: S608 - constants
            )


def _completed(database: str, rows: int) -> str:
    # Live tasks have ids above zero, so these are out of the way of any that ends.
    words = _WORDS[database]
    columns = "id, task_name, task_params, task_hash, run_at, created_at, completed_at"
    values = (
        f"-1 - number, '{TASK_NAME}', '[[], {{}}]', {words['hash']}, "
        f"{words['now']}, {words['now']}, {words['now']}"
    )
    return f"INSERT INTO {COMPLETED} ({columns}) SELECT {values} {_numbers(rows)}"


def _scheduled(database: str, rows: int) -> str:
    words = _WORDS[database]
    columns = "task_name, task_params, task_hash, live_hash, run_at, created_at, last_error"
    values = (
        f"'{TASK_NAME}', '[[], {{}}]', {words['hash']}, {words['hash']}, "
        f"{words['future']}, {words['now']}, ''"
    )
    return f"INSERT INTO {SCHEDULED} ({columns}) SELECT {values} {_numbers(rows)}"


def _numbers(rows: int) -> str:
    """Write a FROM clause with the numbers from 0 on, in words that all four databases know."""
    if not 0 < rows <= MOST_ROWS:
        raise KnobError(f"The knob history puts in from 1 to {MOST_ROWS} rows, not {rows}.")
    places = range(len(str(rows - 1)))
    number = " + ".join(f"{10**place} * place{place}.digit" for place in places)
    digits = ", ".join(f"({_DIGITS}) AS place{place}" for place in places)
    series = f"SELECT {number} AS number FROM {digits}"  # noqa: S608 - constants and numbers
    return f"FROM ({series}) AS series WHERE number < {rows:d}"


@contextlib.contextmanager
def _session(database: Database) -> Iterator[Any]:
    try:
        with contextlib.closing(database.connect()) as connection:
            yield connection.cursor()
    except KnobError:
        raise
    except Exception as error:  # each driver has its own
        reason = str(error).strip().partition("\n")[0]
        raise KnobError(f"The knob history could not change the tables: {reason}.") from error
