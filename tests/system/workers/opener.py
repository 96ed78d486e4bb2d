#!/usr/bin/env python3
"""A server that knows nothing of its supervisor: it opens its ports by itself, in one of
the ways programs do.

    opener.py WAY PORT

Each port answers every connection with one line, "PID SLOT PORT", and closes.
"""

import ctypes
import multiprocessing
import os
import select
import signal
import socket
import struct
import subprocess
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


def answer(peer, port):
    with peer:
        peer.sendall(f"{os.getpid()} {SLOT} {port}\n".encode())


def serve(listener):
    port = listener.getsockname()[1]
    while True:
        answer(listener.accept()[0], port)


def demand(truth, sentence):
    if not truth:
        sys.exit(f"not true: {sentence}")


def in_threads(*listeners):
    for listener in listeners:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
    signal.pause()


def one(port):
    serve(open_port(port))


def two(port):
    in_threads(open_port(port), open_port(port + 1))


def own(port):
    """Opens one port in every slot, and one that no other slot has."""
    in_threads(open_port(port), open_port(port + 1 + int(SLOT)))


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


def spawns(port):
    """Has workers of its own that are other processes, to which it hands its socket."""
    context = multiprocessing.get_context("spawn")
    listener = open_port(port)
    for _ in range(2):
        context.Process(target=serve, args=(listener,)).start()
    signal.pause()


def drops(port):
    """Gives up root after it has its port."""
    listener = open_port(port)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    serve(listener)


def disguised(port):
    """IPv4 in disguise, on a socket of the other family, as Java asks for it."""
    serve(open_port(port, "::ffff:127.0.0.1", socket.AF_INET6, only_v6=False))


def roomy(port):
    """Gives the room for any name as the size of this one."""
    listener = socket.socket()
    name = port.to_bytes(2, "big") + socket.inet_aton("127.0.0.1")
    name = socket.AF_INET.to_bytes(2, sys.byteorder) + name.ljust(126, b"\0")
    if ctypes.CDLL(None, use_errno=True).bind(listener.fileno(), name, len(name)) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    listener.listen()
    serve(listener)


def reuses(port):
    """Has a socket of its own for each thread, by SO_REUSEPORT."""
    listeners = [socket.socket() for _ in range(2)]
    for listener in listeners:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    in_threads(*listeners)


def threads(port):
    """It is a thread that binds."""
    threading.Thread(target=one, args=(port,), daemon=True).start()
    signal.pause()


def copies(port):
    """Binds and listens by one number, accepts by another of the same socket."""
    listener = socket.socket()
    copy = listener.dup()
    listener.bind(("127.0.0.1", port))
    listener.listen()
    listener.close()
    serve(copy)


def watches(port):
    """Watches its socket by epoll before it is bound, as Boost.Asio does."""
    listener = socket.socket()
    listener.setblocking(False)
    watch = select.epoll()
    watch.register(listener, select.EPOLLIN | select.EPOLLET)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    while True:
        watch.poll()
        try:
            while True:
                answer(listener.accept()[0], port)
        except BlockingIOError:
            pass


def executes(port):
    """Binds, then becomes another program."""
    listener = open_port(port)
    listener.set_inheritable(True)
    os.execv(sys.executable, [sys.executable, __file__, "inherits", str(listener.fileno())])


def inherits(fd):
    serve(socket.socket(fileno=fd))


def prepares(port):
    """Sets options before it binds, for its connections to have."""
    options = ((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
               (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
               (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 77))
    listener = socket.socket()
    for option in options:
        listener.setsockopt(*option)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    while True:
        peer, _ = listener.accept()
        for level, name, value in options:
            demand(peer.getsockopt(level, name) == value, f"option {name} is kept")
        answer(peer, port)


def others(port):
    """Binds what is nobody else's business: UDP, Unix sockets, TCP with port 0."""
    listener = open_port(port)
    free = open_port(0)
    demand(free.getsockname()[1] not in (0, port), "port 0 is its own")
    with socket.create_connection(free.getsockname()) as caller:
        demand(free.accept()[1] == caller.getsockname(), "whoever calls there is heard there")
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        datagrams.bind(("127.0.0.1", port))
        demand(datagrams.getsockname() == ("127.0.0.1", port), "UDP has its own port")
    with socket.socket(socket.AF_UNIX) as local:
        path = f"/tmp/opener.{os.getpid()}"
        local.bind(path)
        os.unlink(path)
        demand(local.getsockname() == path, "a Unix socket has its own path")
    serve(listener)


def children(port):
    """What a program that it runs finds: the standard descriptors, and nobody else's."""
    listener = open_port(port)
    count = "import os; print(*sorted(os.listdir('/proc/self/fd'))[:-1])"
    found = subprocess.run([sys.executable, "-c", count], close_fds=False, check=True,
                           capture_output=True, text=True)
    demand(found.stdout.split() == ["0", "1", "2"], f"no descriptors but {found.stdout}")
    serve(listener)


def lent(_):
    """By LISTEN_FDS, as sd_listen_fds(3) has it."""
    demand(os.environ["LISTEN_PID"] == str(os.getpid()), "LISTEN_PID is its own")
    demand(os.environ["LISTEN_FDS"] == "3", "three are lent")
    demand(os.environ["LISTEN_FDNAMES"] == "listen-0:listen-1:listen-2", "each has a name")
    demand("LD_PRELOAD" not in os.environ, "nothing is preloaded")
    demand(sorted(os.listdir("/proc/self/fd"))[:-1] == list("012345"), "it has these alone")
    listeners = [socket.socket(fileno=fd) for fd in (3, 4)]
    for listener in listeners:
        demand(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), "it listens")
        listener.setblocking(True)
    with socket.socket(fileno=5) as datagrams, socket.socket(type=socket.SOCK_DGRAM) as caller:
        demand(datagrams.type == socket.SOCK_DGRAM, "the third is of UDP")
        caller.sendto(b"x", datagrams.getsockname())
        demand(select.select([datagrams], [], [], 10)[0], "and hears")
    in_threads(*listeners)


def rude(port):
    """Says to whom sockets are asked of what is no question, and too much of it."""
    be_rude(os.environ["CLUSTER_BROKER"])
    one(port)


def be_rude(desk):
    def dial():
        caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        caller.connect(desk)
        caller.settimeout(20)
        return caller

    def is_hung_up_on(caller):
        try:
            return caller.recv(64) == b""
        except ConnectionError:
            return True

    silent = dial()
    handles = (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("60i", *[0, 1, 2] * 20))
    for message in (b"", b"x", b"{", os.urandom(44), b"a line\n" * 20000, b"z" * (1 << 20)):
        with dial() as caller:
            try:
                caller.sendmsg([message], [handles])
            except OSError:
                pass  # hung up on already, or more than the kernel takes
            caller.shutdown(socket.SHUT_WR)
            demand(is_hung_up_on(caller), "who puts no question is hung up on")
    crowd = [dial() for _ in range(100)]
    for _ in range(2500):
        dial().close()
    for caller in (silent, *crowd):
        demand(is_hung_up_on(caller), "who is silent is hung up on")


def idle(_):
    """Never listens."""
    signal.pause()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    globals()[sys.argv[1]](int(sys.argv[2]) if sys.argv[2].isdigit() else sys.argv[2])
