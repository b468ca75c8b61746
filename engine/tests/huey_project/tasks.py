"""What a user of Huey writes, and nothing else."""

import background_task.dispatch.huey  # noqa: F401
