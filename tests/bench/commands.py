#!/usr/bin/env python3
"""What one waits for at the keyboard: the status command, and a start from nothing."""

import threading
import time

import rig

TIMES = 31


def start_to_first_answer(kind):
    server = kind(workers=2)
    began = time.monotonic()
    starting = threading.Thread(target=server.start)
    starting.start()  # a start command returns later than the first answer could come
    try:
        return rig.until_answered(server.port, began)
    finally:
        starting.join()
        server.stop()


rig.row("status command", "ms", "/bin/true",
        rig.median(lambda: rig.milliseconds("/bin/true"), TIMES))
for kind in rig.servers():
    rig.note(f"commands: {kind.name}")
    if kind is not rig.ClusterdNode:
        with kind(workers=2) as server:
            rig.row("status command", "ms", kind.name,
                    rig.median(lambda: rig.milliseconds(*server.status_command(),
                                                        env=server.env), TIMES))
    rig.row("start to the first 200", "ms", kind.name,
            rig.median(lambda: start_to_first_answer(kind), 5))
