"""RabbitMQ from the programs that this machine has, beside any that the system runs itself.

Everything that nodes of one machine usually share is this node's own: its name, its ports, its
cookie, its settings and its epmd, the daemon that knows the ports of nodes. All of them listen on
the loopback interface only, and epmd ends with its node.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Self

from engine.brokers.embedded import EmbeddedBroker, write_private
from engine.databases.embedded import Place, Programs
from engine.databases.embedded_mysql import find_program
from engine.databases.failures import ServerFailed, Unavailable
from engine.databases.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

INSTALL: Final = "type: apt-get install rabbitmq-server"

_ANSWER_SECONDS = 30.0
_SCRIPT_NAME: Final = "rabbitmq-server"
_USUAL_FOLDERS: Final = ("/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin")
_USUAL_APPLICATIONS: Final = Path("/usr/lib/rabbitmq/lib")
_ERLANG_LIBRARIES: Final = Path("/usr/lib/erlang")

# RabbitMQ does not start without an epmd, and leaves the one that it starts behind as a daemon.
# This one ends when its node has, whichever way that was: the node alone holds the pipe open.
_WITH_EPMD: Final = """
rm -f alive && mkfifo alive || exit
("$1" -address 127.0.0.1 -port "$2" & names=$!; read -r _ <alive; kill $names) &
exec "$3" 9>alive
"""


class RabbitMQPrograms(Programs):
    """The script rabbitmq-server, and epmd and erl_call of its Erlang."""

    name: ClassVar[str] = "rabbitmq"
    accounts: ClassVar[tuple[str, ...]] = ("rabbitmq",)
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, *, script: Path, epmd: str) -> None:
        self._script = script
        self._epmd = epmd
        self._node_port = free_port()
        self._names_port = free_port()

    @classmethod
    def find(cls) -> Self:
        """Find the programs, or raise Unavailable."""
        script = _find_script()
        if script is None:
            raise Unavailable(
                cls.name, reason="there is no rabbitmq-server on PATH", install=INSTALL
            )
        epmd = _find_erlang("epmd")
        if epmd is None:
            raise Unavailable(cls.name, reason="its Erlang has no epmd on PATH", install=INSTALL)
        return cls(script=script, epmd=epmd)

    def prepare(self, place: Place) -> Sequence[str]:
        """Write what the node reads, and call mkdir; the broker's queues live in its data."""
        write_private(place, ".erlang.cookie", place.address.password)
        write_private(place, "rabbitmq.conf", _settings(place))
        write_private(place, "plugins", "[].\n")
        # It is there to be read in the place of the system's.
        write_private(place, "environment", "")
        return ("mkdir", str(place.data))

    def serve(self, place: Place) -> Sequence[str]:
        """Call epmd and the node, which logs to its standard output."""
        variables = [f"{name}={value}" for name, value in self._environment(place).items()]
        programs = (self._epmd, str(self._names_port), str(self._script))
        return ("env", *variables, "sh", "-c", _WITH_EPMD, "broker", *programs)

    def evaluation(self, place: Place, expression: str) -> tuple[Sequence[str], str]:
        """Give the command that evaluates an Erlang expression, and its standard input."""
        erl_call = _find_erlang("erl_call")
        if erl_call is not None:
            address = f"127.0.0.1:{self._node_port}"
            return (
                "env",
                f"HOME={place.home}",
                erl_call,
                "-address",
                address,
                "-e",
            ), f"{expression}\n"
        variables = [f"{name}={value}" for name, value in self._environment(place).items()]
        control = str(self._script.with_name("rabbitmqctl"))
        return ("env", *variables, control, "--quiet", "eval", expression), ""

    def _environment(self, place: Place) -> Mapping[str, str]:
        return {
            "HOME": str(place.home),
            # Else RabbitMQ would start a script that waits for it, and not end with it.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_CONF_ENV_FILE": str(place.home / "environment"),
            "RABBITMQ_CONFIG_FILE": str(place.home / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(place.home / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(place.home / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(place.data),
            "RABBITMQ_LOG_BASE": str(place.home),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(place.home / "rabbitmq.pid"),
            "RABBITMQ_NODENAME": f"killproof{place.address.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._node_port),
            "ERL_EPMD_PORT": str(self._names_port),
            "ERL_CRASH_DUMP_SECONDS": "0",
            "ERL_ZFLAGS": "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
        }


class EmbeddedRabbitMQ(EmbeddedBroker):
    """A node that can be asked what AMQP does not tell."""

    def __init__(self, programs: RabbitMQPrograms, folder: Path) -> None:
        super().__init__(programs, folder)
        self._node = programs

    def evaluate(self, expression: str) -> str:
        """Return the printed value of an Erlang expression that ends with a full stop."""
        if self._place is None:
            raise Unavailable("rabbitmq", reason="it is not running", install="start it first")
        command, said = self._node.evaluation(self._place, expression)
        try:
            answer = subprocess.run(
                command,
                input=said,
                capture_output=True,
                text=True,
                check=True,
                timeout=_ANSWER_SECONDS,
            )
            return value_of(answer.stdout)
        except (subprocess.SubprocessError, ValueError) as error:
            reason = f"it did not answer a question about its queues ({error})"
            raise ServerFailed("rabbitmq", reason=reason, last_words=self.last_words()) from error


def value_of(printed: str) -> str:
    """Take the value out of what erl_call prints around it; rabbitmqctl prints the value alone.

    Raises:
        ValueError: it is an error, which erl_call prints as it prints a value.
    """
    text = printed.strip()
    if text.startswith("{error,"):
        raise ValueError(text)
    return text.removeprefix("{ok,").removesuffix("}").strip() if text.startswith("{ok,") else text


def _settings(place: Place) -> str:
    return (
        f"listeners.tcp.local = 127.0.0.1:{place.address.port}\n"
        f"default_user = {place.address.user}\n"
        f"default_pass = {place.address.password}\n"
        "log.console = true\n"
        "log.console.level = warning\n"
        "log.file = false\n"
    )


def _find_script() -> Path | None:
    """Find the script itself, which keeps its name and has rabbitmq-env beside it.

    What systems put on PATH may be a wrapper: Debian's, which has another name behind its link,
    changes to the account rabbitmq and writes to that account's log.
    """
    for candidate in _candidates():
        script = candidate.resolve()
        if script.name == _SCRIPT_NAME and script.with_name("rabbitmq-env").exists():
            return script
    return None


def _candidates() -> Iterator[Path]:
    on_path = find_program(_SCRIPT_NAME)
    if on_path is not None:
        yield Path(on_path)
    yield from (Path(folder) / _SCRIPT_NAME for folder in _USUAL_FOLDERS)
    applications = _USUAL_APPLICATIONS.glob(f"rabbitmq_server-*/sbin/{_SCRIPT_NAME}")
    yield from sorted(applications, reverse=True)


def _find_erlang(name: str) -> str | None:
    """Find a program of Erlang, which systems put on PATH or leave in its own folders."""
    found = find_program(name)
    if found is not None:
        return found
    erl = find_program("erl")
    roots = [_ERLANG_LIBRARIES, *([Path(erl).resolve().parents[1]] if erl else [])]
    inside = (path for root in roots for path in root.glob(f"erts-*/bin/{name}"))
    return next((str(path) for path in inside), None)
