#!/usr/bin/env python3
"""Another supervisor in place of one that was killed, or upgraded, under load: what fails, and
how long until list tells of the same workers."""

import os
import signal
import time

import rig

TIMES = 1 if rig.QUICK else 5
LOAD = ["--rate", 200 if rig.QUICK else 2000, "--timeout", "10s"]


def ready(server):
    """Who supervises whom, once all workers are ready; None before."""
    listed = server.list()
    workers = [worker for app in listed["apps"] for worker in app["workers"]]
    if len(workers) < server.workers or any(one["state"] != "ready" for one in workers):
        return None
    return listed["supervisor"]["pid"], [one["pid"] for one in workers]


def kill(server):
    """Milliseconds until another one tells of the same workers."""
    pid, workers = ready(server)
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    now = rig.within(20, lambda: (after := ready(server)) and after[0] != pid and after)
    took = (time.monotonic() - began) * 1000
    if now[1] != workers:
        raise RuntimeError(f"workers {workers} became {now[1]}")
    return took


def upgrade(server):
    """Milliseconds until the new one says so."""
    return rig.milliseconds(rig.BUILD / "clusterctl", "upgrade", env=server.env)


def rested(change, server):
    time.sleep(0.5)  # part of the load, not a wait for something
    return change(server)


for kind in (rig.Clusterd, rig.ClusterdNode):
    if not kind.is_there():
        continue
    with kind(workers=2) as server:
        for name, change, until in (
                ("kill -9 of the supervisor", kill, "list tells of the same workers"),
                ("upgrade", upgrade, "the command answers")):
            rig.note(f"takeover: {kind.name}, {name}")
            load = rig.Load(server.port, *LOAD)
            took = rig.median(lambda: rested(change, server), TIMES)
            time.sleep(1)
            rig.row(f"{name}, 2000 new connections/s: failed each", "", kind.name,
                    rig.failed(load.end()["new"]) / TIMES)
            rig.row(f"{name} until {until}", "ms", kind.name, took)
