"""The shop as a guest in somebody's project, under a label that none of theirs has."""

from engine.project.apps import ProjectConfig


class GuestConfig(ProjectConfig):
    """The shop, whose own label may be one of their apps'."""

    label = "killproof_shop"
