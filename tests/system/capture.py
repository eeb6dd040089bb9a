# SPDX-License-Identifier: Apache-2.0
"""What the peers of a test saw, as a file of packets, and the judgement of tshark, whose dissectors others wrote.

The packets are made here out of the messages (a message is a packet), so nothing has to be allowed
to listen on an interface. What went through TLS is written down as if it had not.
"""
import struct
import subprocess
import threading
import time

from process import program
from tap import check, check_eq

LINK_IPV4 = 228
# What is judged is the form, not the content: longer frames, and more of them, are not kept.
FRAME_MAX, FRAMES_MAX = 20000, 4000
UDP, TCP = 17, 6


class Capture:
    """Packets with addresses and ports as they were."""

    def __init__(self):
        self.packets, self.sequence, self.lock = [], {}, threading.Lock()
        self.sip_ports, self.msrp_ports = set(), set()
        self.sip, self.msrp = 0, 0

    def sip_message(self, transport, source, target, data):
        with self.lock:
            self.sip += 1
            self.sip_ports.add(("udp" if transport == "udp" else "tcp", min(source[1], target[1])))
            self._add(UDP if transport == "udp" else TCP, source, target, data)

    def stream(self, source, target, data):
        """A frame of MSRP."""
        with self.lock:
            if len(data) > FRAME_MAX or self.msrp == FRAMES_MAX:
                return
            self.msrp += 1
            self._add(TCP, source, target, data)

    def _add(self, protocol, source, target, data):
        if protocol == UDP:
            head = struct.pack("!HHHH", source[1], target[1], 8 + len(data), 0)
        else:
            number = self.sequence.get((source, target), 1)
            self.sequence[(source, target)] = number + len(data)
            back = self.sequence.get((target, source), 1)
            head = struct.pack("!HHIIBBHHH", source[1], target[1], number & 0xffffffff, back & 0xffffffff,
                               5 << 4, 0x18, 65535, 0, 0)
        whole = head + data
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(whole), 0, 0x4000, 64, protocol, 0,
                         bytes(map(int, source[0].split("."))), bytes(map(int, target[0].split("."))))
        self.packets.append((time.time(), ip + whole))

    def write(self, path):
        with open(path, "wb") as out:
            out.write(struct.pack("!IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, LINK_IPV4))
            for at, packet in self.packets:
                out.write(struct.pack("!IIII", int(at), int(at % 1 * 1e6), len(packet), len(packet)) + packet)

    def check(self, path):
        """tshark finds as many messages as there are, and nothing wrong in any."""
        self.write(path)
        sip = tshark(path, "sip", self.sip_ports)
        msrp = tshark(path, "msrp", self.sip_ports)
        bad = tshark(path, '_ws.malformed || (_ws.expert.severity == "Error" && (sip || sdp || msrp))', self.sip_ports)
        check(not bad, lambda: f"tshark finds malformed:\n{details(path, bad, self.sip_ports)}")
        check_eq(len(sip), self.sip, "packets that tshark takes for SIP")
        check_eq(len(msrp), self.msrp, "packets that tshark takes for MSRP")
        return len(sip), len(msrp)


def arguments(ports):
    return [part for protocol, port in sorted(ports) for part in ("-d", f"{protocol}.port=={port},sip")]


def run_tshark(path, *args):
    done = subprocess.run([program("tshark"), "-n", "-r", path, *args], capture_output=True, text=True, timeout=60,
                          check=False)
    check_eq(done.returncode, 0, f"exit status of tshark: {done.stderr}")
    return done.stdout


def tshark(path, wanted, ports):
    """Numbers of the packets for which the display filter holds."""
    return run_tshark(path, *arguments(ports), "-Y", wanted, "-T", "fields", "-e", "frame.number").split()


def details(path, numbers, ports):
    wanted = " || ".join(f"frame.number == {n}" for n in numbers[:3])
    return run_tshark(path, *arguments(ports), "-V", "-Y", wanted)[-8000:]
