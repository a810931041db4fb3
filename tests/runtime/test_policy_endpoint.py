"""The way to a policy engine's server: what is secured, what is sent, and what is told when it goes wrong."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import policy_servers as servers
import pytest

from bridle.authorization import Outcome
from bridle.errors import PolicyFault
from bridle.runtime.policies import authzen, endpoint, opa
from bridle.runtime.policies.endpoint import OWN, Endpoint, Unanswered
from bridle.testing.policy import PERMITTED

PATIENT = 30.0
"""A deadline that nobody misses, however busy the machine is."""

AuthzenEngine = partial(authzen.AuthzenEngine, seconds=PATIENT)
OpaEngine = partial(opa.OpaEngine, seconds=PATIENT)
SECRET = "s3cr3t"

# --- what can be used -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/",
        "https://x:port/",
        "https://[::1/",
        "pdp.internal",
        "https://",
        "https://u:p@pdp/",
        "https://:p@pdp/",
        "https://@pdp/",
        "https://pdp/#x",
        "https://pdp/a b",
        "https://pdp/\n",
        "https://pdp/ä",
        "http://pdp.internal/",
        "http://10.0.0.1/",
    ],
)
def test_a_way_that_is_not_secured_is_refused(url: str) -> None:
    with pytest.raises(PolicyFault):
        Endpoint(url)


def test_this_machine_and_a_way_secured_by_other_means_are_fine() -> None:
    for url in ("http://localhost:1/", "http://127.0.0.1/", "http://[::1]:8/", "https://pdp.internal/x?y=1"):
        assert Endpoint(url).url == url
    assert Endpoint("http://pdp.internal/", plaintext=True)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_deadline_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(PolicyFault, match="no deadline"):
        Endpoint("https://pdp.internal", seconds=seconds)


@pytest.mark.parametrize("url", ["https://pdp.internal/?tenant=1", "https://pdp.internal#x", "https://pdp.internal?"])
def test_nothing_stands_below_a_query(url: str) -> None:
    with pytest.raises(PolicyFault, match="no base"):
        AuthzenEngine(url)
    with pytest.raises(PolicyFault, match="no base"):
        OpaEngine(url, "office/allow")


# --- what must not be told --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {SECRET}\n"},
        {"Authorization": f"Bearer {SECRET}\r\nX-Other: 1"},
        {"Authorization": f" {SECRET}"},
        {"Authorization": f"Bearer {SECRET}€"},
        {"Authorization": ""},
        {"Authorization": [SECRET]},
        {f"Bearer {SECRET}": "Authorization"},
        *({name.title(): SECRET} for name in sorted(OWN)),
    ],
)
def test_a_header_that_can_not_be_sent_is_refused_and_not_shown(headers: Any) -> None:
    """A credential read from a file brings its line's end along; http.client would tell it in the error."""
    for engine in (AuthzenEngine, Endpoint):
        with pytest.raises(PolicyFault) as refused:
            engine("https://pdp.internal", headers=headers)
        assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "url", [f"https://user:{SECRET}@pdp/", f"https://:{SECRET}@pdp/", f"http://pdp/?token={SECRET}"]
)
def test_credentials_in_a_url_are_not_shown(url: str) -> None:
    with pytest.raises(PolicyFault) as refused:
        Endpoint(url)
    assert SECRET not in str(refused.value)


def repeats(handler: Any) -> None:
    """Says what it was told."""
    handler.wfile.write(f"{handler.headers['Authorization']}\r\n\r\n".encode())


@pytest.mark.parametrize("fault", [*servers.FAULTS.values(), repeats], ids=[*servers.FAULTS, "repeats"])
def test_a_credential_is_in_no_decision(fault: Any) -> None:
    with servers.serving(servers.authzen) as served:
        served.fault = fault
        slow = fault in [servers.FAULTS[name] for name in servers.SLOW]
        headers = {"Authorization": f"Bearer {SECRET}"}
        decision = AuthzenEngine(served.url, headers=headers, seconds=0.3 if slow else PATIENT).evaluate(PERMITTED)
        assert slow or served.asked[-1][1]["authorization"] == f"Bearer {SECRET}"
    assert decision.outcome is Outcome.INDETERMINATE
    assert SECRET not in str(decision)


# --- the deadline -----------------------------------------------------------------------------------------------------


def test_a_name_that_takes_forever_to_look_up_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is asked once it is found: nobody waits for the answer any more."""
    found, real = threading.Event(), socket.getaddrinfo

    def looking(*args: Any, **options: Any) -> Any:
        found.wait(60)
        return real(*args, **options)

    with servers.serving(servers.authzen) as served:
        running = set(threading.enumerate())
        monkeypatch.setattr(socket, "getaddrinfo", looking)
        decision = AuthzenEngine(served.url, seconds=0.2).evaluate(PERMITTED)
        assert not found.is_set()
        found.set()
        for thread in set(threading.enumerate()) - running:
            thread.join(30)
        assert served.asked == []
    assert decision.outcome is Outcome.INDETERMINATE
    assert "no answer in time" in decision.errors[0]


@pytest.mark.slow
def test_an_address_that_nobody_answers_at_leaves_time_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serving(servers.authzen) as served, socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        waiting = [socket.socket() for _ in range(8)]
        try:
            for client in waiting:
                client.setblocking(False)
                client.connect_ex(hole.getsockname())
            with socket.socket() as last:
                last.settimeout(1)
                if last.connect_ex(hole.getsockname()) == 0:
                    pytest.skip("here every address is answered at")
            port = int(served.url.rsplit(":", 1)[1])
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            addresses = [(*kind, hole.getsockname()), (*kind, ("127.0.0.1", port))]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: addresses)
            assert AuthzenEngine(served.url, seconds=8).evaluate(PERMITTED).permits
        finally:
            for client in waiting:
                client.close()


def test_without_a_thread_to_spare_nothing_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    class Exhausted(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with servers.serving(servers.authzen) as served:
        engine = AuthzenEngine(served.url)
        with monkeypatch.context() as patch:
            patch.setattr(endpoint.threading, "Thread", Exhausted)
            decision = engine.evaluate(PERMITTED)
        assert decision.outcome is Outcome.INDETERMINATE
        assert decision.errors
        assert engine.evaluate(PERMITTED).permits


def test_threads_and_connections_end_with_their_question() -> None:
    with servers.serving(servers.authzen) as served:
        running = set(threading.enumerate())
        for fault in ("hangs", "drips", "drips headers"):
            served.fault = servers.FAULTS[fault]
            assert not AuthzenEngine(served.url, seconds=0.2).evaluate(PERMITTED).permits
        served.released.set()
        for thread in set(threading.enumerate()) - running:
            thread.join(30)
            assert not thread.is_alive()


# --- nothing between --------------------------------------------------------------------------------------------------


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serving(servers.authzen) as proxy, servers.serving(servers.authzen) as served:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert AuthzenEngine(served.url).evaluate(PERMITTED).permits
        assert len(served.asked) == 1
        assert proxy.asked == []


# --- TLS --------------------------------------------------------------------------------------------------------------


@contextmanager
def secured(folder: Path, host: str = "127.0.0.1") -> Iterator[tuple[servers.Served, ssl.SSLContext]]:
    """A server with a certificate of its own making for `host`, and a context that trusts it."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "office")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + pem)
    (folder / "authority.pem").write_bytes(pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    with servers.serving(servers.authzen, server) as served:
        yield served, ssl.create_default_context(cafile=folder / "authority.pem")


def test_a_server_that_nobody_vouches_for_is_not_asked(tmp_path: Path) -> None:
    with secured(tmp_path) as (served, trusting):
        stranger = AuthzenEngine(served.url).evaluate(PERMITTED)
        assert stranger.outcome is Outcome.INDETERMINATE
        assert "CERTIFICATE_VERIFY_FAILED" in stranger.errors[0]
        assert served.asked == []
        assert AuthzenEngine(served.url, tls=trusting).evaluate(PERMITTED).permits


def test_a_certificate_for_another_host_is_none(tmp_path: Path) -> None:
    with secured(tmp_path, "127.0.0.2") as (served, trusting):
        decision = AuthzenEngine(served.url, tls=trusting).evaluate(PERMITTED)
        assert served.asked == []
    assert decision.outcome is Outcome.INDETERMINATE


@pytest.mark.parametrize("fault", servers.SLOW)
def test_the_deadline_holds_under_tls(tmp_path: Path, fault: str) -> None:
    with secured(tmp_path) as (served, trusting):
        served.fault = servers.FAULTS[fault]
        decision = AuthzenEngine(served.url, seconds=0.5, tls=trusting).evaluate(PERMITTED)
        assert not served.released.is_set()
    assert decision.outcome is Outcome.INDETERMINATE


def test_a_context_that_verifies_nobody_is_refused() -> None:
    nameless, unverified = ssl.create_default_context(), ssl.create_default_context()
    nameless.check_hostname = unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    for context in (nameless, unverified):
        with pytest.raises(PolicyFault, match="verifies no server"):
            OpaEngine("https://opa.internal", "office/allow", tls=context)


# --- what else is read ------------------------------------------------------------------------------------------------


def test_what_is_published_is_read_like_an_answer() -> None:
    with servers.serving(servers.opa) as served:
        served.published = {"/a?b=c": {"d": 1}, "/list": [1]}
        assert Endpoint(f"{served.url}/a?b=c", headers={"X-Key": "k"}).get().body == {"d": 1}
        path, headers, _ = served.asked[0]
        assert (path, headers["x-key"]) == ("/a?b=c", "k")
        for missing in ("/nowhere", "/list"):
            with pytest.raises(Unanswered):
                Endpoint(served.url + missing).get()
