#!/usr/bin/env python3
"""What a door costs a program: system calls a request, and throughput, beside the program
run by hand, one process each.  Once it is bound, there should be nothing to find."""

import re
import shutil
import signal
import statistics
import subprocess
import tempfile

import rig

REQUESTS = 50 if rig.QUICK else 1000  # counted, one after another
SECONDS = 1 if rig.QUICK else 3
PAIRS = 1 if rig.QUICK else 5


class ByHand(rig.Server):
    """`command`, started as a person would."""

    door = "by hand"

    def __init__(self, program):
        super().__init__(workers=1)
        self.program = program
        self.command = program.command(self)

    def start(self):
        # In a session of its own, as workers are: the kernel may divide time by sessions.
        self.process = subprocess.Popen(list(map(str, self.command)), stdout=subprocess.DEVNULL,
                                        start_new_session=True,
                                        env={**self.env, "PORT": str(self.port)})

    def end(self):
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)

    def leader(self):
        return self.process.pid


class ByDoor(rig.Clusterd):
    def __init__(self, program, door):
        super().__init__(workers=1)
        self.program = program
        self.door = door
        words = ", ".join(f'"{word}"' for word in program.command(self))
        self.command = f"[ {words} ]"

    def config(self):
        listen = f'listen = [ "127.0.0.1:{self.port}" ];' if self.door == "listen-fds" else ""
        return (f'apps = ( {{ name = "web"; command = {self.command}; adopt = "{self.door}"; '
                f'{listen} env = {{ PORT = "{self.port}"; }}; heartbeat = false; '
                f'log = {{ to = "none"; }}; ready = {{ on = "exec"; exec = "500ms"; }}; }} );\n')

    def leader(self):
        return self.worker_pids()[0]


class Nginx:
    name = "nginx"
    doors = ["listen-fds", "preload", "seccomp"]
    is_there = staticmethod(rig.Nginx.is_there)

    @staticmethod
    def command(server):
        rig.Nginx.write(server, 1)
        return [shutil.which("nginx"), "-c", f"{server.home}/nginx.conf",
                "-e", f"{server.home}/error", "-g", "daemon off;"]


class Node:
    name = "a Node app"
    doors = ["node", "preload"]
    is_there = staticmethod(lambda: rig.NODE is not None)

    @staticmethod
    def command(_):
        return [rig.NODE, f"{rig.HERE}/app.js"]


def processes(pid):
    return [pid, *(other for child in rig.children(pid) for other in processes(child))]


def system_calls(server):
    """Of all its threads, for each of so many requests; None where nobody may look."""
    with tempfile.NamedTemporaryFile("r") as out:
        watched = processes(server.leader())
        strace = subprocess.Popen(["strace", "-f", "-c", "-o", out.name,
                                   *(f"--attach={pid}" for pid in watched)],
                                  stderr=subprocess.PIPE, text=True)
        if not all("attached" in strace.stderr.readline() for _ in watched):
            strace.kill()
            strace.wait(20)
            return None
        for _ in range(REQUESTS):
            rig.answer(server.port)
        strace.send_signal(signal.SIGINT)
        strace.wait(20)
        calls = re.search(r"^100\.00\s+\S+\s+\S+\s+(\d+)", out.read(), re.M)
    return int(calls[1]) / REQUESTS


def throughput(server):
    load = rig.Load(server.port, "--keepalive", 16, "--think", "0ms", "--duration", f"{SECONDS}s")
    load.process.wait(60)
    report = load.end()
    return report["ok"] * 1000 / report["duration_ms"]


def rival(program, door):
    return ByHand(program) if door == ByHand.door else ByDoor(program, door)


def measure(program):
    doors = [ByHand.door, *program.doors]
    rates = {door: [] for door in doors}
    for pair in range(PAIRS):
        for door in doors:
            rig.note(f"{program.name}: {door}")
            with rival(program, door) as server:
                rates[door].append(throughput(server))
                if pair == 0 and shutil.which("strace"):
                    rig.row(f"{program.name}: system calls a request", "", door,
                            system_calls(server))
    for door in doors:
        ratios = [rate / alone for rate, alone in zip(rates[door], rates[ByHand.door])]
        rig.row(f"{program.name}: requests/s, of those by hand", "", door,
                statistics.median(ratios))


for one in (Nginx, Node):
    if one.is_there():
        measure(one)
