"""Python's http.server, as its documentation has it: it knows of no supervisor, and has no
graceful end.

/        at once
/late    a byte at once, the rest 0.5 s later
/pieces  three seconds, a byte each 0.2 s
/long    8 MiB, as fast as they are read
/endless until the client has enough
"""
import http.server
import os
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, pieces, pause, length):
        self.send_response(200)
        self.send_header("X-Pid", str(os.getpid()))
        self.send_header("Content-Length", str(length))
        self.end_headers()
        for index, piece in enumerate(pieces):
            if index > 0:
                time.sleep(pause)
            self.wfile.write(piece)
            self.wfile.flush()

    def do_GET(self):
        if self.path == "/pieces":
            self.answer([b"x"] * 16, 0.2, 16)
        elif self.path == "/late":
            self.answer([b"x"] * 2, 0.5, 2)
        elif self.path == "/long":
            self.answer([bytes(1 << 20)] * 8, 0, 8 << 20)
        elif self.path == "/endless":
            self.answer([b"x"] * 1000, 0.2, 1000)
        else:
            self.answer([b"x"], 0, 1)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


if os.environ.get("CLUSTER_SLOT") == os.environ.get("FAILS"):
    sys.exit("no")
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
