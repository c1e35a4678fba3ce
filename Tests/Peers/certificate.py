"""Makes an authority and a certificate of localhost and 127.0.0.1; prints their folder, which the reader removes."""

import json
import tempfile
from pathlib import Path

import trustme

authority = trustme.CA()
certificate = authority.issue_cert("localhost", "127.0.0.1")
folder = Path(tempfile.mkdtemp())
authority.cert_pem.write_to_path(str(folder / "authority.pem"))
(folder / "certificate.pem").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
print(json.dumps({"folder": str(folder)}))
