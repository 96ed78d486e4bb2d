"""A worker that asks the broker (its first argument) for a connection to the control socket,
and writes what it gets for each method into the file that is its second argument."""

import json
import os
import socket
import struct
import sys
import time

CONTROL = 2  # the verb, of common/ask.h


def lend(path):
    broker = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        broker.connect(path)
        broker.send(struct.pack("IIII28s", 1, CONTROL, 0, 0, b""))
        answer, descriptors, _, _ = socket.recv_fds(broker, 8, 1)
    except OSError:
        answer = b""
    if not answer:
        return "hung up", None
    error = struct.unpack("Ii", answer)[1]
    return error, socket.socket(fileno=descriptors[0]) if descriptors else None


def call(control, method):
    parameters = {"Show": {"targets": ["all"]}, "Events": {"follow": False}}.get(
        method, {"targets": ["all"]} if method in ("Stop", "Restart") else {})
    message = {"method": "org.clusterd.Supervisor." + method, "parameters": parameters}
    control.setblocking(True)
    control.settimeout(10)
    control.sendall(json.dumps(message).encode() + b"\0")
    answer = b""
    while not answer.endswith(b"\0"):
        answer += control.recv(65536)
    return json.loads(answer[:-1]).get("error", "allowed").rsplit(".", 1)[-1]


error, control = lend(sys.argv[1])
with open(sys.argv[2] + ".new", "w", encoding="ascii") as out:
    print("error", error, file=out)
    for method in sys.argv[3:] if control else ():
        print(method, call(control, method), file=out)
os.rename(sys.argv[2] + ".new", sys.argv[2])
while True:
    time.sleep(1000)
