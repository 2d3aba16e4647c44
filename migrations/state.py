"""Which scripts made a schema: until the first release, revision 0001 is changed in place."""

import hashlib
from pathlib import Path

SCRIPTS = Path(__file__).parent / "sql"


def digest_of(revision: str) -> str:
    """Give the digest of the scripts of a revision: their names and contents."""
    sha = hashlib.sha256()
    for script in sorted(SCRIPTS.glob(f"{revision}_*.sql")):
        sha.update(script.name.encode() + b"\0" + script.read_bytes() + b"\0")
    return f"scripts of {revision}, sha256 {sha.hexdigest()}"
