#!/usr/bin/env python3
"""Reload and scale under load: what fails, and what the slowest wait."""

import time

import rig

RELOADS = 1 if rig.QUICK else 5
LOAD = ["--rate", 200 if rig.QUICK else 2000, "--keepalive", 64, "--timeout", "10s"]


def settled(server, load):
    time.sleep(1)  # part of the load, not a wait for something
    return load.end()


def reloads(server):
    load = rig.Load(server.port, *LOAD)
    time.sleep(1)
    for _ in range(RELOADS):
        server.reload()
    return settled(server, load)


def calm(server):
    load = rig.Load(server.port, *LOAD)
    time.sleep(2)
    return load.end()


def scale_down(server):
    load = rig.Load(server.port, *LOAD)
    time.sleep(1)
    server.scale(2)
    return settled(server, load)


for kind in rig.servers():
    rig.note(f"reload: {kind.name}")
    with kind(workers=2) as server:
        before = calm(server)["new"]["latency_us"]["p99"]
        report = reloads(server)
    rig.row("reload, 2000 new connections/s: failed per reload", "", kind.name,
            rig.failed(report["new"]) / RELOADS)
    rig.row("reload, 64 keep-alive clients: failed per reload", "", kind.name,
            rig.failed(report["keepalive"]) / RELOADS)
    rig.row("p99 while it reloads", "ms", kind.name, report["new"]["latency_us"]["p99"] / 1000)
    rig.row("p99 in peace", "ms", kind.name, before / 1000)

    rig.note(f"scale: {kind.name}")
    with kind(workers=4) as server:
        report = scale_down(server)
    rig.row("scale 4 to 2, 2000 new connections/s: failed", "", kind.name,
            rig.failed(report["new"]))
    rig.row("scale 4 to 2, 64 keep-alive clients: failed", "", kind.name,
            rig.failed(report["keepalive"]))
