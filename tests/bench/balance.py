#!/usr/bin/env python3
"""Ways to balance: how long the slowest wait at 75 % load, and what a stuck worker costs."""

import os
import signal
import time

import rig

POLICIES = ["round-robin", "random", "hash", "least-conn", "queue"]
PAIRS = 1 if rig.QUICK else 5
BUSY = 20  # ms of a worker's time that each request takes, and no CPU
WORKERS = 4
SECONDS = 2 if rig.QUICK else 8
TIMEOUT = "1s"


class Busy(rig.Clusterd):
    """Workers that do one thing at a time; how fast they could be is known."""

    command = f'[ "{rig.BUILD}/tests/w", "--busy", "{BUSY}" ]'

    def __init__(self, policy):
        self.settings = f'balance = "{policy}"; heartbeat = false; log = {{ to = "none"; }};'
        super().__init__(workers=WORKERS)


class Idle(Busy):
    command = f'[ "{rig.BUILD}/tests/w" ]'


def capacity():
    """Requests a second that the workers manage when more are waiting than they can take."""
    with Busy("queue") as server:
        load = rig.Load(server.port, "--keepalive", 4 * WORKERS, "--think", "0ms",
                        "--duration", f"{SECONDS}s")
        load.process.wait(60)
        report = load.end()
    return report["ok"] * 1000 / report["duration_ms"]


def p99_at(policy, rate):
    with Busy(policy) as server:
        load = rig.Load(server.port, "--rate", int(rate), "--duration", f"{SECONDS}s",
                        "--source", "127.0.0.0/9", "--timeout", "10s")
        load.process.wait(60)
        return load.end()["new"]["latency_us"]["p99"] / 1000


def stuck(policy):
    """Timeouts of 8000 while one of four is stopped twice for two seconds."""
    with Idle(policy) as server:
        load = rig.Load(server.port, "--rate", 1000, "--duration", "8s", "--timeout", TIMEOUT)
        victim = server.worker_pids()[1]
        for _ in range(2):
            time.sleep(1)  # a part of the load, as the next
            os.kill(victim, signal.SIGSTOP)
            time.sleep(2)
            os.kill(victim, signal.SIGCONT)
        load.process.wait(60)
        report = load.end()
    return report["timeout"], report["new"]["latency_us"]["p99"] / 1000


def paired():
    """One after the other in every round, so that a noisy machine is noisy for all."""
    rate = 0.75 * capacity()
    seen = {policy: [] for policy in POLICIES}
    rig.note(f"balance: {rate:.0f} requests/s are 75 % of what {WORKERS} workers manage")
    for pair in range(PAIRS):
        for policy in POLICIES:
            rig.note(f"balance: {policy}, {pair + 1} of {PAIRS}")
            seen[policy].append(p99_at(policy, rate))
    ratios = [turn / by_hash for turn, by_hash in zip(seen["round-robin"], seen["hash"])]
    for policy in POLICIES:
        rig.row("p99 at 75 % load", "ms", f"clusterd, {policy}", middle(seen[policy]))
    rig.row("p99 at 75 % load, of that by hash", "", "clusterd, round-robin", middle(ratios))


def middle(values):
    return sorted(values)[len(values) // 2]


paired()
for way in ["round-robin", "hash"]:
    rig.note(f"balance: {way}, one worker stuck")
    timeouts, p99 = stuck(way)
    rig.row("one of four stuck twice for 2 s: timeouts of 8000", "", f"clusterd, {way}", timeouts)
    rig.row("one of four stuck twice for 2 s: p99", "ms", f"clusterd, {way}", p99)
