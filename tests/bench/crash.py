#!/usr/bin/env python3
"""kill -9 of the only worker: how long until the next one answers.

Beside it the floor: that program alone, from exec to its first answer.
"""

import os
import signal
import socket
import subprocess
import time

import rig

TIMES = 9

# The first crash is replaced at once; each of these is to be a first one.
for kind in (rig.Clusterd, rig.ClusterdNode):
    kind.settings = 'restart = { stable_after = "100ms"; };'


def replaced(server):
    pid = server.worker_pids()[0]
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    took = rig.until_answered(server.port, began)
    rig.within(20, lambda: server.worker_pids() and server.worker_pids()[0] != pid)
    time.sleep(0.3)
    return took


def alone(command):
    """The program by hand, with a socket as systemd would lend it, by way of a shell."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        began = time.monotonic()
        process = subprocess.Popen(
            ["/bin/sh", "-c", 'exec 3<&0 </dev/null; LISTEN_PID=$$ exec "$@"', "sh",
             *map(str, command)],
            stdin=listener, env={**os.environ, "LISTEN_FDS": "1"}, stderr=subprocess.DEVNULL)
        try:
            return rig.until_answered(listener.getsockname()[1], began)
        finally:
            process.kill()
            process.wait()


FLOORS = {rig.Clusterd: [rig.BUILD / "cluster-worker", "--test-endpoints"],
          rig.ClusterdNode: [rig.NODE, rig.HERE / "app.js"]}

for kind in rig.servers():
    rig.note(f"crash: {kind.name}")
    with kind(workers=1) as server:
        rig.row("kill -9 of the only worker to the next answer", "ms", kind.name,
                rig.median(lambda: replaced(server), TIMES))
    if kind in FLOORS:
        rig.row("that program alone, exec to first answer", "ms", kind.name,
                rig.median(lambda: alone(FLOORS[kind]), TIMES))
