"""One interface, three executors: order, errors, limits, deaths, warmth, and no process left behind."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, wait
from pathlib import Path

import pytest

from gnomon.engine.executors import TaskFailed, TaskMemory, TaskTimeout, WorkerDied, open_executor
from gnomon.engine.executors.environment import cores_of, usable_cores, worker_environment
from gnomon.engine.executors.serial import SerialExecutor
from gnomon.engine.executors.spawn import SpawnExecutor
from gnomon.engine.executors.waiting import Task, Waiting
from tests.engine import chores

PATIENCE = 60.0  # seconds; a test that hangs fails, a slow machine does not


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until(true, seconds=PATIENCE):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


@pytest.fixture(scope="module")
def spawned():
    with SpawnExecutor(2) as executor:
        yield executor


@pytest.fixture(scope="module")
def clustered():
    with open_executor(cluster="local", workers=2) as executor:
        yield executor


@pytest.fixture(params=["serial", "spawned", pytest.param("clustered", marks=pytest.mark.slow)])
def executor(request):
    """Each executor in turn."""
    if request.param == "serial":
        return SerialExecutor()
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["spawned", pytest.param("clustered", marks=pytest.mark.slow)])
def guarded(request):
    """Each executor that runs tasks in processes of their own."""
    return request.getfixturevalue(request.param)


def test_answers_belong_to_their_questions(executor):
    futures = [executor.submit(chores.square, i) for i in range(20)]
    assert [f.result(PATIENCE) for f in futures] == [i * i for i in range(20)]
    assert list(executor.map(chores.square, range(5))) == [0, 1, 4, 9, 16]
    assert executor.submit(chores.add, 1, b=2).result(PATIENCE) == 3
    assert all(isinstance(f, Future) for f in futures)


def test_exceptions_arrive_as_they_were_raised(executor):
    with pytest.raises(LookupError, match="no such thing"):
        executor.submit(chores.fail, "no such thing").result(PATIENCE)
    assert executor.submit(chores.square, 3).result(PATIENCE) == 9


def test_exceptions_bring_the_place_they_come_from(guarded):
    error = guarded.submit(chores.fail, "x").exception(PATIENCE)
    assert "chores.py" in error.__notes__[0]


def test_what_cannot_travel_arrives_as_text(guarded):
    with pytest.raises(TaskFailed, match="TwoWords: lost words"):
        guarded.submit(chores.fail_strangely).result(PATIENCE)
    with pytest.raises(TaskFailed, match="returned a function"):
        guarded.submit(chores.unsendable).result(PATIENCE)
    with pytest.raises(TaskFailed, match="SystemExit: 4"):
        guarded.submit(chores.leave, 4).result(PATIENCE)


def test_what_no_worker_could_import_is_refused_at_once(guarded):
    with pytest.raises(TypeError, match="cannot be pickled"):
        guarded.submit(lambda: 1)
    with pytest.raises(TypeError, match="cannot be pickled"):
        guarded.submit(chores.square, lambda: 1)


def test_a_task_that_takes_too_long_is_stopped(guarded):
    slow = guarded.submit(chores.nap, 600.0, seconds=0.3)
    busy = guarded.submit(chores.spin, 600.0, seconds=0.3)
    fine = guarded.submit(chores.square, 4, seconds=600.0)
    with pytest.raises(TaskTimeout, match=r"0\.3 s"):
        slow.result(PATIENCE)
    with pytest.raises(TaskTimeout):
        busy.result(PATIENCE)
    assert fine.result(PATIENCE) == 16


def test_a_task_that_grows_is_stopped(guarded):
    grown = guarded.submit(chores.hold, 400, 600.0, memory_gb=0.2)
    with pytest.raises(TaskMemory, match=r"may take 0\.2 GB"):
        grown.result(PATIENCE)
    assert guarded.submit(chores.hold, 10, 0.5, memory_gb=0.2).result(PATIENCE) == 10**7


def test_a_task_that_takes_its_worker_down_goes_alone(guarded):
    others = [guarded.submit(chores.nap, 0.1, str(i)) for i in range(4)]
    with pytest.raises(WorkerDied, match="exit status 7"):
        guarded.submit(chores.die, 7).result(PATIENCE)
    with pytest.raises(WorkerDied, match="SIGSEGV"):
        guarded.submit(chores.crash).result(PATIENCE)
    assert [f.result(PATIENCE) for f in others] == ["0", "1", "2", "3"]


def test_tasks_of_one_affinity_share_a_worker(guarded):
    first = {key: guarded.submit(chores.whoami, 0.2, affinity=key) for key in ("blue", "red")}
    home = {key: future.result(PATIENCE) for key, future in first.items()}
    again = [
        (key, guarded.submit(chores.whoami, affinity=key).result(PATIENCE)) for key in ("red", "blue") * 3
    ]
    assert [pid == home[key] for key, pid in again] == [True] * 6


def test_large_answers_arrive_whole(guarded):
    assert len(guarded.submit(chores.large, 20).result(PATIENCE)) == 20 * 10**6


def test_idle_workers_steal():
    with SpawnExecutor(2) as executor:
        futures = [executor.submit(chores.whoami, 0.2, affinity="one") for _ in range(8)]
        assert len({f.result(PATIENCE) for f in futures}) == 2


def test_workers_live_on_from_task_to_task():
    with SpawnExecutor(1) as executor:
        assert len({executor.submit(chores.whoami).result(PATIENCE) for _ in range(5)}) == 1


def test_a_worker_full_of_leftovers_is_replaced_before_the_next_task():
    with SpawnExecutor(1) as executor:
        fat = executor.submit(chores.keep, 200, memory_gb=2.0).result(PATIENCE)
        assert executor.submit(chores.whoami, memory_gb=2.0).result(PATIENCE) == fat
        assert executor.submit(chores.whoami, memory_gb=0.3).result(PATIENCE) != fat
        assert not alive(fat)


def test_a_worker_that_dies_idle_costs_no_task():
    with SpawnExecutor(1) as executor:
        pid = executor.submit(chores.whoami).result(PATIENCE)
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: not alive(pid))
        time.sleep(0.2)
        assert executor.submit(chores.whoami).result(PATIENCE) != pid


def test_a_worker_knows_its_cores_its_threads_and_its_device(monkeypatch):
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    with SpawnExecutor(2, preload=("colorsys",)) as executor:
        futures = [executor.submit(chores.surroundings) for _ in range(2)]
        for seen in (f.result(PATIENCE) for f in futures):
            assert seen["environment"]["OMP_NUM_THREADS"] == "1"
            assert "intra_op_parallelism_threads=1" in seen["environment"]["XLA_FLAGS"]
            assert seen["environment"]["JAX_PLATFORMS"] == "cpu"
            assert len(seen["cores"]) == min(1, len(usable_cores()))
            assert seen["modules"] == ["colorsys"]
            assert seen["read"] == ""


def test_what_the_user_set_is_kept():
    given = {"JAX_PLATFORMS": "cuda", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=true", "HOME": "/h"}
    made = worker_environment(given, 3)
    assert made["JAX_PLATFORMS"] == "cuda"
    assert made["XLA_FLAGS"] == "--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads=3"
    assert made["HOME"] == "/h"
    assert given["XLA_FLAGS"] == "--xla_cpu_multi_thread_eigen=true"
    assert worker_environment(made, 3) == made


def test_workers_get_cores_of_their_own():
    assert [cores_of(slot, 1, [2, 3, 5, 7], 0) for slot in range(4)] == [[2], [3], [5], [7]]
    assert [cores_of(slot, 2, [2, 3, 5, 7], 1) for slot in range(2)] == [[3, 5], [2, 7]]
    assert cores_of(5, 1, [0, 1], 0) == [1]
    assert cores_of(0, 4, [], 0) == []


def test_workers_that_cannot_start_say_so(capfd):
    with SpawnExecutor(1, preload=("gnomon.no_such_module",)) as executor:
        with pytest.raises(WorkerDied, match="cannot start"):
            executor.submit(chores.square, 1).result(PATIENCE)
    assert "no_such_module" in capfd.readouterr().err


def test_waiting_tasks_can_be_cancelled():
    with SpawnExecutor(1) as executor:
        running = executor.submit(chores.nap, 0.5, "done")
        waiting = [executor.submit(chores.nap, 600.0) for _ in range(3)]
        assert until(running.running)
        assert all(f.cancel() for f in waiting)
        assert executor.submit(chores.square, 2).result(PATIENCE) == 4
        assert running.result(PATIENCE) == "done"


@pytest.mark.parametrize("how", ["serial", "spawn"])
def test_after_shutdown_nothing_is_taken(how):
    executor = open_executor(workers=None if how == "serial" else 1)
    assert executor.submit(chores.square, 2).result(PATIENCE) == 4
    executor.shutdown()
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(chores.square, 2)
    executor.shutdown()
    executor.kill_workers()


def test_shutdown_finishes_what_waits_or_forgets_it():
    executor = SpawnExecutor(1)
    futures = [executor.submit(chores.nap, 0.05, str(i)) for i in range(4)]
    executor.shutdown()
    assert [f.result(0) for f in futures] == ["0", "1", "2", "3"]
    executor = SpawnExecutor(1)
    first = executor.submit(chores.nap, 1.0, "first")
    assert until(first.running)
    rest = [executor.submit(chores.nap, 600.0) for _ in range(3)]
    executor.shutdown(cancel_futures=True)
    assert first.result(0) == "first"
    assert all(f.cancelled() for f in rest)


def test_kill_ends_everything_at_once():
    executor = SpawnExecutor(2)
    pids = [executor.submit(chores.whoami, 0.2).result(PATIENCE) for _ in range(2)]
    running = [executor.submit(chores.nap, 600.0) for _ in range(2)]
    waiting = executor.submit(chores.nap, 600.0)
    assert until(lambda: all(f.running() for f in running))
    executor.kill_workers()
    assert wait([*running, waiting], timeout=PATIENCE).not_done == set()
    assert all(isinstance(f.exception(), WorkerDied) for f in running)
    assert waiting.cancelled()
    assert until(lambda: not any(alive(p) for p in pids))


def test_a_callback_may_submit():
    with SpawnExecutor(1) as executor:
        chain: Future = Future()
        first = executor.submit(chores.square, 3)
        first.add_done_callback(
            lambda f: executor.submit(chores.square, f.result()).add_done_callback(
                lambda g: chain.set_result(g.result())
            )
        )
        assert chain.result(PATIENCE) == 81


PARENT = """
import sys, time
from gnomon.engine.executors.spawn import SpawnExecutor
from tests.engine import chores
executor = SpawnExecutor(2)
for pid in [executor.submit(chores.whoami, 0.3) for _ in range(2)]:
    print(pid.result(), flush=True)
executor.submit(chores.nap, 600.0)
executor.submit(chores.spin, 600.0)
time.sleep(0.3)
print("working", flush=True)
{}
"""


@pytest.mark.parametrize("end", ["killed", "forgetful"])
def test_no_worker_outlives_its_parent(end):
    code = PARENT.format("time.sleep(600)" if end == "killed" else "")
    here = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=here
    ) as parent:
        lines = [parent.stdout.readline().strip() for _ in range(3)]
        assert lines[2] == "working"
        pids = {int(line) for line in lines[:2]}
        if end == "killed":
            assert all(alive(p) for p in pids)
            parent.send_signal(signal.SIGKILL)
        assert parent.wait(PATIENCE) == (-signal.SIGKILL if end == "killed" else 0)
    assert until(lambda: not any(alive(p) for p in pids))


def test_a_script_without_a_guard_is_no_trap(tmp_path):
    """Workers do not import the main program, so a plain script does not start itself again and again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import math\nfrom gnomon.engine.executors import open_executor\nprint('once')\n"
        "with open_executor(workers=1) as executor:\n    print(executor.submit(math.sqrt, 9.0).result())\n"
        "    def mine(): pass\n    try: executor.submit(mine)\n    except TypeError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    once, three, refused = done.stdout.splitlines()
    assert (once, three) == ("once", "3.0")
    assert "main program; move it to a module" in refused


class Hand:
    """A worker as far as the choice is concerned."""

    def __init__(self, *warm):
        self.warm = set(warm)


def test_the_choice_of_worker_and_task():
    waiting = Waiting()
    tasks = {name: Task(b"", Future(), key) for name, key in
             {"a1": "a", "n": None, "b1": "b", "a2": "a", "c1": "c", "c2": "c"}.items()}  # fmt: skip
    for task in tasks.values():
        waiting.add(task)
    cold, warm_b, busy_a, busy_c = Hand(), Hand("b"), Hand("a"), Hand("c")
    names = {id(t): n for n, t in tasks.items()}

    def take(idle, busy):
        pair = waiting.take(idle, busy)
        return pair and (pair[0], names[id(pair[1])])

    assert take([], [busy_a]) is None
    assert take([cold, warm_b], [busy_a, busy_c]) == (warm_b, "b1")  # warm before old
    assert take([cold, warm_b], [busy_a, busy_c]) == (cold, "n")  # then what nobody is warm for
    assert take([cold], [busy_c]) == (cold, "a1")  # a's worker is gone
    assert take([cold], [busy_a, busy_c]) == (cold, "c1")  # stealing from the longest queue
    assert take([busy_c], [busy_a]) == (busy_c, "c2")
    waiting.put_back(tasks["c2"])
    assert len(waiting) == 2
    assert [names[id(t)] for t in waiting.drain()] == ["a2", "c2"]
    assert not waiting
    assert waiting.take([cold], []) is None


def test_a_missing_cluster_is_named(monkeypatch):
    from gnomon.spec.errors import MissingExtra

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"gnomon\[cluster\]"):
        open_executor(cluster="tcp://localhost:1")


def test_serial_lets_ctrl_c_through():
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SerialExecutor().submit(interrupt)


@pytest.mark.slow
def test_a_cluster_by_address_is_left_as_it_was_found():
    import distributed

    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        with open_executor(cluster=cluster.scheduler_address) as executor:
            pid = executor.submit(chores.whoami).result(PATIENCE)
            assert alive(pid)
        assert until(lambda: not alive(pid))
        with open_executor(cluster=cluster.scheduler_address) as executor:
            running = executor.submit(chores.nap, 600.0)
            assert executor.submit(chores.square, 3, affinity="a").cancel()
            executor.kill_workers()
            assert wait([running], timeout=PATIENCE).not_done == set()
            with pytest.raises(RuntimeError, match="shut down"):
                executor.submit(chores.square, 3)
        with distributed.Client(cluster) as client:
            assert client.submit(chores.square, 5).result(PATIENCE) == 25


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    from gnomon.engine.executors import cluster
    from gnomon.spec.errors import GnomonError

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with pytest.raises(GnomonError, match=r"no dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        open_executor(cluster="tcp://127.0.0.1:9")
