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


class Authority:
    """A private CA: ca.pem, and what it certifies, in one directory."""

    def __init__(self, directory):
        self.dir = directory
        self.run("req", "-x509", *self.key("ca"), "-days", "2", "-subj", "/CN=Private CA", "-out", directory / "ca.pem")

    def key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.dir / f"{name}.key")

    def run(self, *args):
        done = subprocess.run([program("openssl"), *args], capture_output=True, text=True, check=False)
        check_eq(done.returncode, 0, f"exit status of openssl: {done.stderr}")

    def certify(self, name, names):
        """Writes NAME.pem and NAME.key for these subjectAltNames."""
        request, extensions = self.dir / f"{name}.csr", self.dir / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        self.run("req", *self.key(name), "-subj", f"/CN={name}", "-out", request)
        self.run("x509", "-req", "-in", request, "-CA", self.dir / "ca.pem", "-CAkey", self.dir / "ca.key",
                 "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", self.dir / f"{name}.pem")


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
