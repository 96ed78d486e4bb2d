#!/usr/bin/env python3
"""A server that knows nothing of its supervisor: it opens its ports by itself, in one of
the ways programs do.

    opener.py WAY PORT

Each port answers every connection with one line, "PID SLOT PORT", and closes.
"""

import os
import signal
import socket
import sys
import threading

SLOT = os.environ.get("CLUSTER_SLOT", "?")


def open_port(port, host="127.0.0.1", family=socket.AF_INET, only_v6=None):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if only_v6 is not None:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_v6)
    listener.bind((host, port))
    listener.listen(8)
    return listener


def serve(listener):
    port = listener.getsockname()[1]
    while True:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(f"{os.getpid()} {SLOT} {port}\n".encode())


def in_threads(*listeners):
    for listener in listeners:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
    signal.pause()


def one(port):
    serve(open_port(port))


def two(port):
    in_threads(open_port(port), open_port(port + 1))


def any_host(port):
    """Asks for all addresses, whatever the configuration says."""
    serve(open_port(port, "0.0.0.0"))


def both_families(port):
    serve(open_port(port, "::", socket.AF_INET6, only_v6=False))


def each_family(port):
    in_threads(open_port(port), open_port(port, "::", socket.AF_INET6, only_v6=True))


def again(port):
    """Closes and listens again, as after a reload of its own."""
    open_port(port).close()
    serve(open_port(port))


def client(port):
    """Binds before it connects, as some clients do."""
    listener = open_port(port)
    with socket.socket() as target:
        target.bind(("127.0.0.1", 0))
        target.listen()
        with socket.socket() as caller:
            caller.bind(("127.0.0.1", 0))
            caller.connect(target.getsockname())
    serve(listener)


def forks(port):
    """Has workers of its own, which share what their parent opened."""
    listener = open_port(port)
    for _ in range(2):
        if os.fork() == 0:
            serve(listener)
    signal.pause()


def drops(port):
    """Gives up root after it has its port."""
    listener = open_port(port)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    serve(listener)


def idle(_):
    """Never listens."""
    signal.pause()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    globals()[sys.argv[1]](int(sys.argv[2]))
