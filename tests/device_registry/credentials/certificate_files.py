"""A small certificate authority by openssl, for tests."""

import shutil
import subprocess
from pathlib import Path

from tests.servers.absence import absent


class Authority:
    """Signs in its own folder. `server` is the certificate of 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        openssl = shutil.which("openssl")
        if openssl is None:
            absent("openssl", "openssl is not installed (Debian: apt-get install openssl)")
        self._openssl, self.folder = openssl, folder
        self._run(
            "req", "-x509", *_NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA", "-days", "9"
        )
        self.sign("server", "/CN=127.0.0.1", extension="subjectAltName=IP:127.0.0.1")

    def sign(self, name: str, subject: str, *, days: int = 5, extension: str = "keyUsage=digitalSignature") -> str:
        """The certificate in PEM; it is in `<name>.pem`, its key in `<name>.key`."""
        (self.folder / f"{name}.ext").write_text(extension)
        self._run("req", *_NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject, "-utf8")
        self._run(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", f"{name}.pem", "-days", str(days), "-extfile", f"{name}.ext",
        )  # fmt: skip
        return (self.folder / f"{name}.pem").read_text()

    def field(self, name: str, *what: str) -> str:
        """A field of a certificate as openssl itself prints it."""
        return self._run("x509", "-in", f"{name}.pem", "-noout", *what)

    def _run(self, *arguments: str) -> str:
        command = [self._openssl, *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
