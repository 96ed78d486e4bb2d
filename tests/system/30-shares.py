#!/usr/bin/env python3
"""Which slot answers each of many clients:  30-shares.py HOST PORT NETWORK COUNT

One connection from each of the first COUNT addresses of the network (after its zeroth);
prints the slots in a row."""

import ipaddress
import socket
import sys

IP_FREEBIND = 15  # a whole network may be routed here without any interface that has it


def slot_of(family, target, source):
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(10)
        client.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        client.bind((str(source), 0))
        client.connect(target)
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := client.recv(4096):
            answer += part
    for line in answer.decode().split("\r\n"):
        if line.lower().startswith("x-cluster-slot:"):
            return line.split(":")[1].strip()
    raise SystemExit(f"{source}: no slot in {answer!r}")


def main():
    host, port, network, count = sys.argv[1:]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    base = ipaddress.ip_network(network).network_address
    for i in range(1, int(count) + 1):
        print(slot_of(family, (host, int(port)), base + i), end=" ")


main()
