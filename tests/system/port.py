# SPDX-License-Identifier: Apache-2.0
"""Ports that nobody uses: below the range the kernel hands out by itself, free for UDP and for TCP."""
import random
import socket

LOWEST, HIGHEST = 12000, 32000
GIVEN = set()


def _is_free(host, number):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(family, kind) as s:
            try:
                s.bind((host, number))
            except OSError:
                return False
    return True


def free_port(host="127.0.0.1"):
    for _ in range(1000):
        number = random.randrange(LOWEST, HIGHEST, 2)
        if number not in GIVEN and _is_free(host, number) and _is_free(host, number + 1):
            GIVEN.add(number)
            return number
    raise AssertionError("no port is free")
