# SPDX-License-Identifier: Apache-2.0
"""Self-signed certificates, made by openssl, and both ends of TLS with them."""
import ssl
import subprocess

from process import program
from tap import check_eq


def make_certificate(directory, common_name):
    """Writes server.pem and server.key for the SIP domains example.org and 127.0.0.1 (RFC 5922 4)."""
    done = subprocess.run([program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                           "-nodes", "-days", "2", "-subj", f"/CN={common_name}",
                           "-addext", "subjectAltName=URI:sip:example.org,URI:sip:127.0.0.1",
                           "-keyout", directory / "server.key", "-out", directory / "server.pem"],
                          capture_output=True, text=True, check=False)
    check_eq(done.returncode, 0, f"exit status of openssl: {done.stderr}")


def server_context(directory):
    """What a server with that certificate wants."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/server.pem", f"{directory}/server.key")
    return context


def insecure_client():
    """A client that does not look at the certificate: those of the tests are made by the tests."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
