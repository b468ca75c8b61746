"""A project with Huey: its consumer imports the tasks of its apps."""

from typing import Final

from huey import MemoryHuey

memory: Final = MemoryHuey("memory")
