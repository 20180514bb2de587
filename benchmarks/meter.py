"""What a piece of work costs: time, queries and memory of this process."""

import contextlib
import os
import pathlib
import resource
import threading
import time

MEGABYTE = 1024 * 1024
_STATUS = pathlib.Path("/proc/self/status")
_CLEAR_REFS = pathlib.Path("/proc/self/clear_refs")


class Meter:
    """A context manager; ``result`` holds the figures afterwards.

    ``seconds`` is wall time. ``cpu`` is the processor time of this process and of the
    database process that served it: on a busy machine it tells more. It is left out
    where the database runs elsewhere. ``memory_mb`` is how far the resident memory
    rose above where it stood, at its peak.
    """

    def __init__(self, cr):
        self.cr = cr
        self.result = {}

    def __enter__(self):
        thread = threading.current_thread()
        thread.query_count = getattr(thread, "query_count", 0)
        self.cr.execute("SELECT pg_backend_pid()")
        [self.backend] = self.cr.fetchone()
        self.database_cpu = _get_process_cpu(self.backend)
        _reset_peak()
        self.before = (time.process_time(), _get_memory("VmRSS"), thread.query_count)
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_exception):
        seconds = time.perf_counter() - self.start
        cpu, memory, queries = self.before
        self.result = {
            "seconds": round(seconds, 3),
            "queries": threading.current_thread().query_count - queries,
            "memory_mb": round((_get_memory("VmHWM") - memory) / MEGABYTE, 1),
        }
        if self.database_cpu is not None:
            database = _get_process_cpu(self.backend)
            self.result["cpu"] = round(
                time.process_time() - cpu + database - self.database_cpu, 3
            )


def _get_process_cpu(pid):
    """Return the seconds a process has computed; None when it is not on this host."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    name, _bracket, figures = stat.partition("(")[2].rpartition(")")
    if "postgres" not in name:
        return None
    user, system = figures.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _get_memory(key):
    """Return a figure of the process in bytes; the peak where no other is known."""
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _reset_peak():
    """Let the peak begin anew; without the right to, it counts from the start."""
    with contextlib.suppress(OSError):
        _CLEAR_REFS.write_text("5")
