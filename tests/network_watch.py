"""Run a command where every packet that would leave the machine is seen, whichever library or process sends it.

The command runs in a network namespace of its own, whose only device is the loopback. Every address is there: a
connection to anywhere sends its first packet, which is recorded, and is refused at once. As a script it is started
inside the namespace: ``network_watch.py REPORT COMMAND …``.
"""

import ipaddress
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_SETUP = (
    "ip link set lo up",
    "ip address add 10.213.0.1/32 dev lo",
    "ip route add local default dev lo src 10.213.0.1",
)
# Where the kernel has IPv6.
_SETUP_6 = ("ip -6 address add fd00:213::1/128 dev lo", "ip -6 route add local default dev lo src fd00:213::1")
_OURS = ("10.213.0.1", "fd00:213::1")
_ETHERNET, _IPV4, _IPV6, _NAMES = 14, 0x0800, 0x86DD, 53


@cache
def why_not() -> str:
    """The reason why nothing can be watched here; empty when it can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    for program in ("unshare", "ip"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    tried = subprocess.run(["unshare", "-rn", "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    return tried.stderr.strip() or ("" if tried.returncode == 0 else "no network namespace may be made")


def watched(command: Sequence[str], report: Path) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run ``command``; return what became of it and the addresses outside the loopback that it turned to."""
    line = ["unshare", "-rn", sys.executable, __file__, str(report), *command]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return done, json.loads(report.read_text())


def destination(packet: bytes) -> str | None:
    """The address and port outside the loopback that an Ethernet ``packet`` is for; None for every other packet.

    A question for the address of a name is one of these, even when the server of names is on the loopback.
    """
    kind, content = int.from_bytes(packet[12:14]), packet[_ETHERNET:]
    if kind == _IPV4 and len(content) >= 20:
        protocol, address, rest = content[9], content[16:20], content[4 * (content[0] & 15) :]
    elif kind == _IPV6 and len(content) >= 40:
        protocol, address, rest = content[6], content[24:40], content[40:]
    else:
        return None
    port = int.from_bytes(rest[2:4]) if protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP) else 0
    to = ipaddress.ip_address(address)
    # Neighbours and routers are looked for by the kernel itself.
    if protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6) or to.is_multicast:
        return None
    outside = not to.is_loopback and str(to) not in _OURS
    return f"{to}:{port}" if outside or port == _NAMES else None


def _watch(report: Path, command: Sequence[str]) -> int:
    for line in _SETUP:
        subprocess.run(line.split(), check=True)
    for line in _SETUP_6:
        subprocess.run(line.split(), check=False, stderr=subprocess.DEVNULL)
    found: dict[str, None] = {}
    every_protocol = 3
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(every_protocol)) as packets:
        packets.bind(("lo", 0))
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        packets.settimeout(0.2)
        ended = threading.Event()

        def collect() -> None:
            while not ended.is_set():
                try:
                    found.setdefault(destination(packets.recv(2048)) or "")
                except TimeoutError:
                    continue

        collector = threading.Thread(target=collect)
        collector.start()
        try:
            return subprocess.run(command, check=False).returncode
        finally:
            ended.set()
            collector.join()
            report.write_text(json.dumps(sorted(filter(None, found))))


if __name__ == "__main__":
    sys.exit(_watch(Path(sys.argv[1]), sys.argv[2:]))
