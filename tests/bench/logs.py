#!/usr/bin/env python3
"""One worker writes 200-byte lines as fast as it can: how fast do they come into a file, are
all there, and what does the supervisor do meanwhile?  Beside s6-log on the same pipe, PM2,
which does not rotate, and a file without a logger."""

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
KEEP = 100  # files of 64 MB: none is thrown away, so that what is lost was lost by the logger
PATIENCE = 2  # seconds without a new line in the files: no more will come


class Writer(rig.Clusterd):
    """Waits for a file before it writes, so that the start is not measured."""

    def __init__(self):
        super().__init__(1)
        self.count = self.home / "count"

    def config(self):
        return (f'apps = ( {{ name = "flood"; heartbeat = false; '
                f'log = {{ rotate = "64M"; keep = {KEEP}; compress = false; }}; '
                f'command = [ "{FLOOD}", "--seconds", "{SECONDS}", '
                f'"--count", "{self.count}", "--stay" ]; }} );\n')


class ByPm2(rig.Pm2):
    """Its daemon writes what the worker says."""

    def __init__(self):
        super().__init__(1)
        self.count = self.home / "count"

    def app(self):
        return [FLOOD, "--name", "flood", "--interpreter", "none",
                "--output", self.home / "out.log", "--",
                "--seconds", SECONDS, "--count", self.count, "--stay"]


def done(path):
    return path.exists() and path.read_text().endswith("\n")


def size(folder, names):
    try:
        return sum(path.stat().st_size for path in folder.glob(names))
    except FileNotFoundError:
        return 0  # put aside between the two looks


def arrival(who, count, folder, names):
    """From the first line to the last that came into the files, after the writer's end, too."""
    rig.within(SECONDS * 4 + 10, lambda: done(count))
    lines, took = count.read_text().split()
    ended = last = time.monotonic()
    landed = size(folder, names)
    while landed < int(lines) * LINE and time.monotonic() - last < PATIENCE:
        time.sleep(0.002)
        now = size(folder, names)
        if now > landed:
            landed, last = now, time.monotonic()
    rig.row("200-byte lines of one worker, into files", "MB/s", who,
            landed / 1e6 / (float(took) + last - ended))
    rig.row("200-byte lines of one worker: lost", "", who, int(lines) - landed // LINE)


def by_pm2():
    server = ByPm2()
    try:
        server.start()
        arrival("PM2", server.count, server.home, "out*.log")
    finally:
        server.stop()


def by_s6():
    folder = Path(tempfile.mkdtemp())
    fifo, count = folder / "fifo", folder / "count"
    os.mkfifo(fifo)
    logger = subprocess.Popen(f"exec s6-log -b n{KEEP} s67108864 {folder}/log <{fifo}", shell=True)
    with open(fifo, "wb") as out:
        subprocess.run([FLOOD, "--seconds", str(SECONDS), "--count", count], stdout=out, check=True)
    arrival("s6-log", count, folder / "log", "[c@]*")
    logger.wait()
    shutil.rmtree(folder)


def floor():
    folder = Path(tempfile.mkdtemp())
    with open(folder / "log", "wb") as out:
        subprocess.run([FLOOD, "--seconds", str(SECONDS), "--count", folder / "count"],
                       stdout=out, check=True)
    arrival("by hand", folder / "count", folder, "log")
    shutil.rmtree(folder)


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
    arrival("clusterd", server.count, server.home / "log", "flood-out.log*")
finally:
    server.stop()
if shutil.which("s6-log"):
    rig.note("logs: s6-log")
    by_s6()
if rig.Pm2.is_there():
    rig.note("logs: PM2")
    by_pm2()
floor()
