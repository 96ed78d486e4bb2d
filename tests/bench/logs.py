#!/usr/bin/env python3
"""One worker writes 200-byte lines as fast as it can: how fast do they come into a file, and
what does the supervisor do meanwhile?  Beside s6-log on the same pipe, and no log at all."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import rig

SECONDS = 2 if rig.QUICK else 10
FLOOD = rig.BUILD / "tests/flood"
LINE = 200


class Writer(rig.Clusterd):
    """Waits for a file before it writes, so that the start is not measured."""

    def __init__(self):
        super().__init__(1)
        self.count = self.home / "count"

    def config(self):
        return (f'apps = ( {{ name = "flood"; heartbeat = false; '
                f'log = {{ rotate = "64M"; keep = 4; compress = false; }}; '
                f'command = [ "{FLOOD}", "--seconds", "{SECONDS}", '
                f'"--count", "{self.count}", "--stay" ]; }} );\n')


def speed(path):
    lines, took = path.read_text().split()
    return int(lines) * LINE / 1e6 / float(took)


def done(path):
    return path.exists() and path.read_text().endswith("\n")


def by_s6():
    folder = Path(tempfile.mkdtemp())
    fifo, count = folder / "fifo", folder / "count"
    os.mkfifo(fifo)
    logger = subprocess.Popen(f"exec s6-log -b n4 s67108864 {folder}/log <{fifo}", shell=True)
    with open(fifo, "wb") as out:
        subprocess.run([FLOOD, "--seconds", str(SECONDS), "--count", count], stdout=out, check=True)
    logger.wait()
    value = speed(count)
    shutil.rmtree(folder)
    return value


def floor():
    folder = Path(tempfile.mkdtemp())
    with open(folder / "log", "wb") as out:
        subprocess.run([FLOOD, "--seconds", str(SECONDS), "--count", folder / "count"],
                       stdout=out, check=True)
    value = speed(folder / "count")
    shutil.rmtree(folder)
    return value


rig.note("logs: one worker writes as fast as it can")
server = Writer()
try:
    server.start()
    cpu, began = rig.cpu_seconds(server.pid), time.monotonic()
    rig.row("status command while one writes", "ms", "clusterd", rig.median(
        lambda: rig.milliseconds(*server.status_command(), env=server.env), 5))
    rig.row("supervisor while one writes: PSS", "kB", "clusterd", rig.pss_kb(server.pid))
    cpu = rig.cpu_seconds(server.pid) - cpu
    rig.row("supervisor while one writes: CPU", "%", "clusterd",
            100 * cpu / (time.monotonic() - began))
    rig.within(SECONDS * 4 + 10, lambda: done(server.count))
    rig.row("200-byte lines of one worker, into files", "MB/s", "clusterd", speed(server.count))
finally:
    server.stop()
if shutil.which("s6-log"):
    rig.row("200-byte lines of one worker, into files", "MB/s", "s6-log", by_s6())
rig.row("200-byte lines of one worker, into files", "MB/s", "by hand", floor())
