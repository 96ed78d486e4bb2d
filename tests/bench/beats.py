#!/usr/bin/env python3
"""What heartbeats cost the supervisor: CPU a beat, with more of them than anyone sends."""

import time

import rig

WORKERS = 40 if rig.QUICK else 250
WINDOW = 1 if rig.QUICK else 5


class Beating(rig.Clusterd):
    """A worker beats twice an interval."""

    command = f'[ "{rig.BUILD}/tests/w" ]'
    settings = 'heartbeat = { interval = "50ms"; timeout = "10s"; }; log = { to = "none"; };'


def beats_sent(server):
    """Each beat is one wakeup of its worker, which has nothing else to do."""
    return sum(rig.wakeups(pid) for pid in server.worker_pids())


with Beating(WORKERS) as server:
    rig.note(f"beats: {WORKERS} workers")
    time.sleep(1)
    sent, cpu = beats_sent(server), rig.cpu_seconds(server.pid)
    began = time.monotonic()
    time.sleep(WINDOW)
    sent, cpu = beats_sent(server) - sent, rig.cpu_seconds(server.pid) - cpu
    took = time.monotonic() - began
    rig.row("beats received", "1/s", "clusterd", sent / took)
    rig.row("beats a core could take", "1/s", "clusterd", sent / cpu if cpu else None)
