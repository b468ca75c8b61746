"""How the programs of MySQL and MariaDB are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.databases import Address
from engine.databases.embedded import Place
from engine.databases.embedded_mysql import MariaDBPrograms, MySQLPrograms

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", [MySQLPrograms, MariaDBPrograms])
def test_no_server_can_remove_the_temporary_tables_of_another(
    kind: type[MySQLPrograms], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A starting MariaDB empties the folder of temporary files, so each has its own."""
    monkeypatch.setattr("engine.databases.embedded_mysql.find_program", lambda name: f"/bin/{name}")
    address = Address(name=kind.name, database="killproof", port=1)
    place = Place(home=tmp_path, address=address, account=None)
    programs = kind("/bin/mysqld")

    commands = [programs.prepare(place), programs.serve(place)]

    assert all(f"--tmpdir={tmp_path}/temporary" in command for command in commands)
    assert (tmp_path / "temporary").is_dir()


@pytest.mark.parametrize("kind", [MySQLPrograms, MariaDBPrograms])
def test_no_option_file_of_the_machine_is_read(kind: type[MySQLPrograms], tmp_path: Path) -> None:
    """A server behaves alike everywhere; the option must come first to be heard."""
    address = Address(name=kind.name, database="killproof", port=1)
    place = Place(home=tmp_path, address=address, account=None)

    assert kind("/bin/mysqld").serve(place)[1] == "--no-defaults"
