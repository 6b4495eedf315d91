"""Where tasks run: this process, spawned workers, or a dask cluster, all through one `submit`."""

from typing import Any

from gnomon.engine.executors.outcomes import TaskFailed, TaskMemory, TaskTimeout, WorkerDied

__all__ = ["TaskFailed", "TaskMemory", "TaskTimeout", "WorkerDied", "open_executor"]


def open_executor(*, workers: int | None = None, cluster: str | None = None) -> Any:
    """The executor for what the user asked; use it in a `with` statement.

    Args:
        workers: spawned processes on this machine; None or 0 to run in this process.
        cluster: address of a dask scheduler (`tcp://…`), or "local" for a dask cluster of `workers` on this machine.
    """
    if cluster is not None:
        from gnomon.engine.executors.cluster import ClusterExecutor

        return ClusterExecutor(workers=workers) if cluster == "local" else ClusterExecutor(cluster)
    if workers:
        from gnomon.engine.executors.spawn import SpawnExecutor

        return SpawnExecutor(workers)
    from gnomon.engine.executors.serial import SerialExecutor

    return SerialExecutor()
