#!/usr/bin/env python3
"""The supervisor at rest, and those who help it, each apart: memory, wakeups, and what a
start of many workers takes."""

import subprocess
import time

import rig

COUNTS = (2, 100) if rig.QUICK else (2, 100, 1000)
PER_APP = 250  # an app has 256 slots at most
WINDOW = 2 if rig.QUICK else 10


class Sleepers(rig.Clusterd):
    """`sleep 1d` many times: no port, no beats."""

    def config(self):
        apps, left = [], self.workers
        while left > 0:
            count = min(left, PER_APP)
            left -= count
            apps.append(f'{{ name = "s{len(apps)}"; command = [ "sleep", "1d" ]; '
                        f'instances = {count}; heartbeat = false; '
                        f'ready = {{ on = "exec"; exec = "0s"; }}; }}')
        return f"apps = ( {', '.join(apps)} );\n"


def at_rest(server):
    """Of each process that is no worker: PSS, wakeups a second, and CPU."""
    time.sleep(2)  # what came with the start is over
    parts = server.parts()
    before = {part: (rig.wakeups(pid), rig.cpu_seconds(pid)) for part, pid in parts.items()}
    time.sleep(WINDOW)
    for part, pid in parts.items():
        woken, cpu = before[part]
        yield (part, rig.pss_kb(pid), (rig.wakeups(pid) - woken) / WINDOW,
               (rig.cpu_seconds(pid) - cpu) / WINDOW)


def by_hand(count):
    """The same programs started by a loop, and nothing else."""
    began = time.monotonic()
    sleepers = [subprocess.Popen(["/bin/sleep", "1d"], close_fds=False) for _ in range(count)]
    took = (time.monotonic() - began) * 1000
    for sleeper in sleepers:
        sleeper.kill()
        sleeper.wait()
    return took


for count in COUNTS:
    rig.note(f"footprint: {count} workers")
    server = Sleepers(count)
    try:
        began = time.monotonic()
        server.start()
        took = (time.monotonic() - began) * 1000
        for part, pss, woken, _ in at_rest(server):
            rig.row(f"{part} of {count} sleeping workers: PSS", "kB", "clusterd", pss)
            rig.row(f"{part} of {count} sleeping workers: wakeups/s", "", "clusterd", woken)
        rig.row(f"status command, {count} workers", "ms", "clusterd", rig.median(
            lambda: rig.milliseconds(*server.status_command(), env=server.env), 31))
        rig.row(f"start of {count} workers, all ready", "ms", "clusterd", took)
    finally:
        server.stop()
    rig.row(f"start of {count} workers, all ready", "ms", "by hand", by_hand(count))

for kind in rig.servers():
    rig.note(f"footprint: {kind.name}")
    if kind is rig.ClusterdNode:
        continue
    with kind(workers=2) as server:
        for part, pss, woken, cpu in at_rest(server):
            rig.row(f"{part} at rest, 2 workers: PSS", "kB", kind.name, pss)
            rig.row(f"{part} at rest, 2 workers: wakeups/s", "", kind.name, woken)
            rig.row(f"{part} at rest, 2 workers: CPU", "ms/s", kind.name, cpu * 1000)
