#!/usr/bin/env python3
"""Plays the supervisor for one cluster-worker and watches its manners on the wire.

Called by 05-cluster-worker.sh:  05-cluster-worker.py PROGRAM TIME_SCALE
Each check is a sentence, printed as `ok - ...` or `not ok - ...`.
"""

import json
import os
import resource
import select
import signal
import socket
import sys
import time

PROGRAM = sys.argv[1]
SCALE = float(sys.argv[2])
INTERVAL = 0.2  # of beats, in seconds
failures = 0


def check(sentence, truth, *evidence):
    global failures
    print(("ok - " if truth else "not ok - ") + sentence, flush=True)
    if not truth:
        failures += 1
        for line in evidence:
            print("#   %r" % (line,), flush=True)


class Worker:
    """A cluster-worker with its notify socket, run as clusterd would."""

    living = set()  # pids

    def __init__(self, listeners, *options, nofile=None, program=PROGRAM):
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind("\0cluster-worker-test-%d-%d" % (os.getpid(), id(self)))
        self.notify.settimeout(10 * SCALE)
        self.said = []
        environment = dict(
            os.environ,
            NOTIFY_SOCKET="@" + self.notify.getsockname()[1:].decode(),
            WATCHDOG_USEC=str(int(2 * INTERVAL * 1e6)),
            CLUSTER_APP="<web>", CLUSTER_SLOT="3", CLUSTER_INSTANCES="4",
            CLUSTER_GENERATION="7", LISTEN_FDS=str(len(listeners)))
        self.pid = os.fork()
        if self.pid > 0:
            self.living.add(self.pid)
            return
        try:
            # Out of the way first: 3 may be the number of one that is still to move.
            high = [os.dup2(one.fileno(), 100 + i) for i, one in enumerate(listeners)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
            os.closerange(3 + len(high), 200)
            if nofile:
                resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))
            environment["LISTEN_PID"] = str(os.getpid())
            os.execve(program, [program, *options], environment)
        finally:
            os._exit(127)

    def hear(self):
        """The next message, as a dictionary."""
        text = self.notify.recv(4096).decode()
        message = dict(line.split("=", 1) for line in text.splitlines())
        self.said.append(message)
        return message

    def hear_until(self, key):
        while True:
            message = self.hear()
            if key in message:
                return message

    def hear_silence(self, seconds):
        """Reads away what is there; True if nothing comes for so long after it."""
        while True:
            ready, _, _ = select.select([self.notify], [], [], 0)
            if not ready:
                break
            self.hear()
        return not select.select([self.notify], [], [], seconds)[0]

    def signal(self, what):
        os.kill(self.pid, what)

    def is_alive(self):
        return os.waitpid(self.pid, os.WNOHANG) == (0, 0)

    def wait(self, seconds=10):
        """The exit status, None if it does not end."""
        end = os.pidfd_open(self.pid)
        ended = select.select([end], [], [], seconds * SCALE)[0]
        os.close(end)
        if not ended:
            return None
        self.living.discard(self.pid)
        self.notify.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()


def listen(family=socket.AF_INET, address=("127.0.0.1", 0), backlog=512):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(backlog)
    listener.setblocking(False)
    return listener


class Client:
    """One connection.  A reset raises, as it should."""

    def __init__(self, listener):
        self.socket = socket.socket(listener.family, socket.SOCK_STREAM)
        self.socket.settimeout(10 * SCALE)
        self.socket.connect(listener.getsockname())
        self.unread = b""

    def send(self, data):
        self.socket.sendall(data)
        return self

    def ask(self, path, method="GET", body=b"", headers=""):
        length = "Content-Length: %d\r\n" % len(body) if body else ""
        head = "%s %s HTTP/1.1\r\nHost: test\r\n%s%s\r\n" % (method, path, length, headers)
        return self.send(head.encode() + body)

    def answer(self):
        """(status, headers in lower case, body) of one answer; None at the end."""
        while b"\r\n\r\n" not in self.unread:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.unread += data
        head, _, rest = self.unread.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        length = int(headers.get("content-length", 0))
        while len(rest) < length:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("truncated")
            rest += data
        self.unread = rest[length:]
        return int(lines[0].split()[1]), headers, rest[:length]

    def get(self, path, **more):
        return self.ask(path, **more).answer()

    def ends(self, seconds=10):
        """Whether the peer closes in order, and nothing more comes before."""
        self.socket.settimeout(seconds * SCALE)
        try:
            return self.socket.recv(1) == b""
        except (socket.timeout, ConnectionError):
            return False
        finally:
            self.socket.settimeout(10 * SCALE)

    def stays_open(self, seconds):
        return not select.select([self.socket], [], [], seconds)[0]

    def await_end(self):
        """Until the peer has ended its side, in order or not; reads nothing."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        poll.poll(10000 * SCALE)

    def await_reading(self):
        """Until the peer has read all that was sent, or is gone."""
        deadline = time.monotonic() + 10 * SCALE
        while self.unread_by_peer() > 0 and time.monotonic() < deadline:
            time.sleep(0.005)

    def unread_by_peer(self):
        ours, theirs = self.socket.getsockname()[1], self.socket.getpeername()[1]
        with open("/proc/net/tcp") as file:
            for line in file.readlines()[1:]:
                _, local, remote, _, queues, *_ = line.split()
                if (int(local[-4:], 16), int(remote[-4:], 16)) == (theirs, ours):
                    return int(queues[-8:], 16)
        return 0

    def close(self):
        self.socket.close()


def says_close(answer):
    return answer is not None and answer[1].get("connection") == "close"


def life():
    listener = listen()
    early = Client(listener).ask("/_test/id")
    began = time.monotonic()
    worker = Worker([listener], "--test-endpoints")
    check("the first word is READY=1", worker.hear() == {"READY": "1"}, worker.said)
    status, headers, body = early.answer()
    check("who connected before the worker came is answered", status == 200)
    check("the worker knows who it is",
          json.loads(body) == {"pid": worker.pid, "slot": 3, "generation": 7}, body)
    check("a worker under test signs its answers",
          (headers["x-cluster-pid"], headers["x-cluster-slot"]) == (str(worker.pid), "3"))
    body = early.get("/")[2].decode()
    check("the status page names the app, escaped",
          "&#60;web&#62;" in body and "<web>" not in body, body)

    beats = [worker.hear_until("WATCHDOG") for _ in range(4)]
    took = time.monotonic() - began
    heard = sum("WATCHDOG" in message for message in worker.said)
    check("it beats once an interval, not more", heard <= took / INTERVAL + 1, heard, took)
    check("a beat has its figures", beats[-1]["X_CLUSTER_CONNECTIONS"] == "1" and
          beats[-1]["X_CLUSTER_REQUESTS"] == "2" and beats[-1]["X_CLUSTER_ERRORS"] == "0",
          beats[-1])
    check("a span without requests has no latency", "X_CLUSTER_LATENCY_USEC" not in beats[-1])

    early.get("/_test/status?code=503")
    early.get("/_test/spin?ms=300")
    lags = [worker.hear_until("WATCHDOG") for _ in range(3)]
    check("a blocked loop reports its lag",
          max(int(beat["X_CLUSTER_LAG_USEC"]) for beat in lags) >= 300000, lags)
    check("an answer 503 is an error", lags[-1]["X_CLUSTER_ERRORS"] == "1", lags)
    check("latency is what requests took", any(
        int(beat.get("X_CLUSTER_LATENCY_USEC", 0)) >= 100000 for beat in lags), lags)

    other = Client(listener)
    other.ask("/_test/sleep?ms=2000")
    other.await_reading()
    early.get("/healthz")
    check("a request that sleeps holds up nobody", other.stays_open(0))
    check("and is answered", other.answer()[0] == 200)

    for one in (signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2):
        worker.signal(one)
    check("signals meant for the supervisor do it no harm",
          early.get("/healthz")[0] == 200 and worker.is_alive())

    early.get("/_test/stop-beating")
    check("it can be told to fall silent", worker.hear_silence(3 * INTERVAL))
    check("and serves on", early.get("/healthz")[2] == b"ok\n")
    early.close()
    other.close()
    check("told to go, it exits with 0", worker.stop() == 0)


def drain():
    listener = listen()
    worker = Worker([listener], "--test-endpoints")
    worker.hear_until("READY")
    busy, idle, health, silent, uploading = (Client(listener) for _ in range(5))
    idle.get("/")
    health.get("/")
    busy.ask("/_test/sleep?ms=900")
    uploading.send(b"POST /_test/echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello")
    for client in (busy, uploading):
        client.await_reading()

    began = time.monotonic()
    worker.signal(signal.SIGTERM)
    check("it says that it goes", "STOPPING" in worker.hear_until("STOPPING"))
    worker.signal(signal.SIGTERM)
    check("told again, it goes on as before", worker.is_alive())
    answer = health.get("/healthz")
    check("a worker that goes is not healthy", answer[0] == 503 and says_close(answer), answer)
    check("who is idle may still speak", idle.stays_open(0.3))
    answer = idle.get("/")
    check("and is answered with a farewell", answer[0] == 200 and says_close(answer), answer)
    check("which the end of the connection follows", idle.ends() and health.ends())
    uploading.send(b"world")
    answer = uploading.answer()
    check("a half sent request is answered",
          answer[2] == b"helloworld" and says_close(answer), answer)
    answer = busy.answer()
    check("a request in flight is answered", answer[0] == 200 and says_close(answer), answer)
    check("it beats while it drains", worker.hear_until("WATCHDOG") is not None)
    check("who never spoke is let go in order", silent.ends())
    took = time.monotonic() - began
    check("after two seconds, not before", took > 1.9, took)
    for client in (busy, idle, health, silent, uploading):
        client.close()
    last = worker.hear_until("STATUS")
    check("its last words are its last figures", last["STATUS"] == "drained" and
          last["X_CLUSTER_CONNECTIONS"] == "0" and last["X_CLUSTER_REQUESTS"] == "6", last)
    check("a drained worker exits with 0", worker.wait() == 0)

    late = Client(listener).ask("/_test/id")
    worker = Worker([listener], "--test-endpoints")
    check("who came after it is served by its successor",
          json.loads(late.answer()[2])["pid"] == worker.pid)
    late.close()
    check("and the successor leaves at once when nobody is there", worker.stop() == 0)


def queue():
    """What waits in the accept queue belongs to the worker that is told to go."""
    listener = listen()
    worker = Worker([listener], "--test-endpoints")
    worker.hear_until("READY")
    worker.signal(signal.SIGSTOP)
    clients = [Client(listener) for _ in range(100)]
    for i, client in enumerate(clients):
        client.ask("/_test/echo", "POST", b"%d" % i)
    worker.signal(signal.SIGTERM)
    worker.signal(signal.SIGCONT)
    answers = [client.answer() for client in clients]
    check("what waited in the queue is answered",
          [answer[2] for answer in answers] == [b"%d" % i for i in range(100)])
    # A request served before the signal was noticed may lack the farewell.
    check("with a farewell, or time to speak again", all(
        says_close(answer) or says_close(client.get("/"))
        for client, answer in zip(clients, answers)))
    check("and each connection ends in order", all(client.ends() for client in clients))
    for client in clients:
        client.close()
    check("then it exits with 0", worker.wait() == 0)


def resets():
    """Nobody loses an answer to a reset, whatever he sends meanwhile."""
    listener = listen()
    worker = Worker([listener], "--test-endpoints")
    worker.hear_until("READY")
    ended = 0
    for _ in range(500):  # the end may meet the worker at any moment
        client = Client(listener).ask("/_test/id")
        client.socket.shutdown(socket.SHUT_WR)
        if client.answer() is None or not client.ends(2):
            break
        client.close()
        ended += 1
    check("who will send no more is answered and let go", ended == 500, ended)

    client = Client(listener)
    size = 40 * 1024 * 1024
    client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % size)
    sent = 0
    try:
        while sent < 4 * 1024 * 1024:
            client.send(b"x" * 65536)
            sent += 65536
    except ConnectionError:
        pass
    client.await_end()
    answer = client.answer()
    check("a body too long is refused in a way that can be read",
          answer is not None and answer[0] == 413, answer, sent)
    client.close()

    client = Client(listener)
    body = b"x" * (1024 * 1024)
    answer = client.get("/_test/echo", method="POST", body=body)
    check("the longest body is echoed", answer[2] == body)
    answer = client.get("/_test/echo", method="POST", body=b"",
                        headers="Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n")
    check("Expect: 100-continue is heeded", answer[0] == 100, answer)
    client.send(b"5\r\nhello\r\n0\r\n\r\n")
    check("a chunked body is read", client.answer()[2] == b"hello")

    worker.signal(signal.SIGTERM)
    worker.hear_until("STOPPING")
    client.ask("/").ask("/")
    client.await_end()
    client.ask("/")  # the worker has said farewell and closed its side by now
    client.await_reading()
    answer = client.answer()
    check("requests after a farewell cost nobody the answer",
          says_close(answer) and client.ends(), answer)
    client.close()
    check("the worker is gone after that", worker.wait() == 0)


def limits():
    """More connections than it may hold wait in the queue and are not refused."""
    listener = listen()
    worker = Worker([listener], "--test-endpoints", nofile=128)
    worker.hear_until("READY")
    clients = [Client(listener).ask("/_test/id") for _ in range(100)]
    served = 0
    for client in clients:
        answer = client.answer()
        served += answer is not None and answer[0] == 200
        client.close()
    check("a hundred connections at a limit of 32 are all served", served == 100, served)
    most = max(int(message.get("X_CLUSTER_CONNECTIONS", 0)) for message in worker.said)
    check("and it never held more than it may", most <= 32, most)

    garbage = Client(listener).send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n")
    answer = garbage.answer()
    check("garbage is refused", answer is None or answer[0] == 400, answer)
    garbage.close()
    head = Client(listener)
    try:
        head.send(b"GET / HTTP/1.1\r\nHost: test\r\nX: " + b"x" * 65536 + b"\r\n\r\n")
        answer = head.answer()
    except ConnectionError:
        answer = None
    check("a head too long is refused", answer is None or answer[0] in (413, 431), answer)
    head.close()
    again = Client(listener)
    check("and others are served after it", again.get("/healthz")[0] == 200)
    again.close()
    check("the worker ends with 0 after all that", worker.stop() == 0)


def families():
    path = os.path.join(os.environ["HOUSE"], "web.sock")
    listeners = [listen(), listen(socket.AF_UNIX, path)]
    try:
        listeners.append(listen(socket.AF_INET6, ("::1", 0)))
    except OSError:
        print("skip - it serves IPv6 (this machine has none)", flush=True)
    worker = Worker(listeners, "--test-endpoints")
    worker.hear_until("READY")
    clients = [Client(listener) for listener in listeners]
    check("it serves all sockets it is lent, of every family", all(
        json.loads(client.get("/_test/id")[2])["pid"] == worker.pid for client in clients))
    worker.signal(signal.SIGTERM)
    worker.hear_until("STOPPING")
    check("and drains each of them", all(
        says_close(client.get("/")) and client.ends() for client in clients))
    check("without touching the path of a Unix socket", os.path.exists(path))
    for client in clients:
        client.close()
    check("until none is left", worker.wait() == 0)


def misbehaviour():
    listener = listen()
    worker = Worker([listener], "--test-endpoints")
    worker.hear_until("READY")
    client = Client(listener)
    before = resident(worker.pid)
    client.get("/_test/leak?bytes=8388608")
    check("it leaks when asked", resident(worker.pid) - before >= 8 * 1024 * 1024)
    for query in ("sleep?ms=x", "sleep?ms=-1", "sleep?ms=99999999", "status?code=99",
                  "exit?code=256", "leak?bytes=99999999999"):
        check("nonsense is refused: " + query, client.get("/_test/" + query)[0] == 400)
    check("what is no endpoint is not found", client.get("/_test/nothing")[0] == 404)
    client.ask("/_test/exit?code=42")
    check("it exits with the code it is asked for", worker.wait() == 42)
    worker = Worker([listener], "--test-endpoints")
    Client(listener).ask("/_test/crash")
    check("it crashes when asked", worker.wait() == -signal.SIGABRT)
    worker = Worker([listener])
    check("without the option none of that is there",
          Client(listener).get("/_test/crash")[0] == 404 and worker.stop() == 0)


def example():
    """The smallest worker there is, which authors copy."""
    listener = listen()
    early = Client(listener)
    worker = Worker([listener], program=os.path.dirname(PROGRAM) + "/examples/hello")
    worker.hear_until("READY")
    check("the example answers who came before it", early.socket.recv(9) == b"hello\n")
    beats = [worker.hear_until("WATCHDOG") for _ in range(2)]
    check("it beats, with the lag the library measured",
          beats[1]["X_CLUSTER_REQUESTS"] == "1" and "X_CLUSTER_LAG_USEC" in beats[1], beats)
    worker.signal(signal.SIGSTOP)
    late = Client(listener)
    worker.signal(signal.SIGTERM)
    worker.signal(signal.SIGCONT)
    check("told to go, it serves who waits", late.socket.recv(9) == b"hello\n")
    check("and says goodbye",
          worker.hear_until("STATUS")["X_CLUSTER_REQUESTS"] == "2", worker.said)
    check("with exit code 0", worker.wait() == 0)
    early.close()
    late.close()


def resident(pid):
    with open("/proc/%d/statm" % pid) as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


for part in (life, drain, queue, resets, limits, families, misbehaviour, example):
    try:
        part()
    except Exception as error:  # the other parts still have something to say
        check("the part '%s' runs to its end" % part.__name__, False, repr(error))
for pid in Worker.living:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
sys.exit(failures > 0)
