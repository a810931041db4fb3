import socket
import subprocess
import sys
from pathlib import Path

import pytest

import network


@pytest.mark.parametrize("host", ["example.org", "192.0.2.1", "2001:db8::1"])
def test_looking_up_a_name_and_connecting_are_refused(host: str) -> None:
    with pytest.raises(network.NetworkRefused):
        socket.getaddrinfo(host, 443)
    with pytest.raises(network.NetworkRefused):
        socket.create_connection((host, 443), timeout=1)


def test_sending_without_a_connection_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        with pytest.raises(network.NetworkRefused):
            sender.connect(("192.0.2.1", 53))
        with pytest.raises(network.NetworkRefused):
            sender.sendto(b"x", ("192.0.2.1", 53))


def test_the_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(("localhost", server.getsockname()[1]), timeout=5) as client:
            accepted, _ = server.accept()
            client.sendall(b"hello")
            assert accepted.recv(5) == b"hello"
            accepted.close()


def test_binding_works_and_so_importing_a_library_that_binds() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("", 0))


def test_programs_that_a_test_starts_are_refused_too(tmp_path: Path) -> None:
    code = "import socket; socket.getaddrinfo('example.org', 443)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=network.child_environment(tmp_path), capture_output=True, text=True
    )
    assert "NetworkRefused" in done.stderr
