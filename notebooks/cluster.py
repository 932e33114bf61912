"""A Dask cluster on this machine, for notebook 07: a process for each command line."""

import atexit
import logging
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread

from distributed import Client

from sh_teach.plots.style import text_color

HERE = Path(__file__).parent
SCHEDULER = (
    "python -m dask scheduler --scheduler-file {file} --idle-timeout 10m"
    " --host 127.0.0.1 --port 0 --dashboard-address 127.0.0.1:0"
)
WORKER = (
    "python -m dask worker --scheduler-file {file} --name {name} --nthreads 1"
    " --no-nanny --no-dashboard --death-timeout 60 --preload simulate"
)
LONGEST = 300  # seconds that a process may take to come up

# Dask warns when a worker dies with a result in its hands. Here they die on purpose.
logging.getLogger("distributed.client").setLevel(logging.ERROR)


class Cluster:
    """A scheduler and workers, which can be killed; all end with the kernel, or with `stop`.

    There is one at a time: a new one ends the one before.
    """

    latest = None

    def __init__(self):
        if Cluster.latest is not None:
            Cluster.latest.stop()
        Cluster.latest = self
        self._folder = tempfile.TemporaryDirectory(prefix="sh_teach-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)  # as if all machines saw it
        self.file = self.folder / "cluster.json"
        self.processes, self.events, self._client = {}, [], None
        atexit.register(self.stop)

    def run(self, name, command, **environment):
        """Start a command as a process; what it prints is added to messages.log."""
        words = shlex.split(command.format(file=shlex.quote(str(self.file)), name=name))
        place = ["--local-directory", str(self.folder)] if "worker" in words else []
        with open(self.folder / "messages.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *words[1:], *place],
                stdout=log,
                stderr=log,
                cwd=HERE,  # so that workers find the files beside the notebook
                env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
            )

    def ready(self, *names):
        """Have exactly these workers: start those that are missing, end all others."""
        if not self.running("scheduler"):
            self.stop()
            self.file.unlink(missing_ok=True)
            self.run("scheduler", SCHEDULER)
            self.wait_until(self.file.exists, "the scheduler")
            self._client = Client(scheduler_file=str(self.file), timeout=LONGEST)
        for name in [*self.processes]:
            if name not in ("scheduler", *names):
                self.processes.pop(name).kill()
        self.wait_until(lambda: all(map(self.running, self.workers())), "the end of the dead")
        for name in names:
            if not self.running(name):
                self.run(name, WORKER)
        self.wait_until(lambda: self.workers() == sorted(names), f"the workers {names}")
        print("there now:", *names)

    def new_folder(self):
        """Return a new folder for a search."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    @property
    def client(self):
        """The client of this process."""
        if self._client is None:
            raise RuntimeError('the cluster is not running: cluster.ready("ada", "bob") starts it')
        return self._client

    def running(self, name):
        """Return whether there is a process of this name."""
        return name in self.processes and self.processes[name].poll() is None

    def workers(self):
        """Return the names of the workers that the scheduler knows."""
        return sorted(w["name"] for w in self.client.scheduler_info()["workers"].values())

    def wait_until(self, condition, what):
        """Wait, but not without end."""
        deadline = time.monotonic() + LONGEST
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not there; {self.folder}/messages.log may say why")
            time.sleep(0.02)

    # --- deaths and arrivals -------------------------------------------------------------------

    def kill(self, name):
        """End a worker at once: signal 9, no farewell."""
        self.processes[name].kill()
        self.events.append((time.perf_counter(), f"{name} dies"))

    def prepare(self, name):
        """Start a worker that waits at the door, so that it can join at once."""
        door = self._door(name)
        for file in (door, door.with_suffix(".waiting")):
            file.unlink(missing_ok=True)
        self.run(name, WORKER + " --preload at_the_door", DOOR=str(door))
        self.wait_until(door.with_suffix(".waiting").exists, name)

    def join(self, name):
        """Let a worker in that waits at the door; note when the scheduler knows it."""
        self._door(name).touch()
        self.wait_until(lambda: name in self.workers(), name)
        self.events.append((time.perf_counter(), f"{name} joins"))

    def _door(self, name):
        return self.folder / f"{name}.door"

    def when(self, condition, action, *arguments):
        """Do something as soon as a condition is true; return the thread that watches it."""

        def watch():
            self.wait_until(condition, "what was to happen")
            action(*arguments)

        thread = Thread(target=watch, daemon=True)
        thread.start()
        return thread

    def mark(self, ax, began):
        """Draw each death and each arrival as a line through a timeline that began then."""
        low, high = ax.get_ylim()
        ax.set_yticks(range(round(low)))
        ax.set_ylim(low + 0.7, high)  # a strip for the words
        for moment, text in self.events:
            if 0 < moment - began < ax.get_xlim()[1]:
                ax.axvline(moment - began, color=text_color(), linestyle="--", linewidth=2)
                beside = dict(xytext=(5, 0), textcoords="offset points", va="center")
                ax.annotate(text, (moment - began, low + 0.3), weight="bold", **beside)

    # --- the end -------------------------------------------------------------------------------

    def stop(self):
        """End all processes, the scheduler last; return how many there were."""
        if self._client is not None:
            self._client.close()
            self._client = None
        ended = sum(process.poll() is None for process in self.processes.values())
        for name in sorted(self.processes, key="scheduler".__eq__):
            self.processes[name].terminate()
            try:
                self.processes[name].wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.processes[name].kill()
                self.processes[name].wait()
        self.processes.clear()
        return ended


def begun(folder):
    """Return which epochs were begun, as (trial, epoch) pairs, by the log in that folder."""
    log = Path(folder) / "log"
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    return [(name, int(epoch)) for name, epoch in map(str.split, lines)]


def results_in(journal):
    """Return how many results a journal has."""
    return journal.read_text("utf-8").count('"ended"') if journal.exists() else 0
