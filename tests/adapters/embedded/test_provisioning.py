"""What PostgreSQL is given of a password."""

import base64
import hmac

from adapters.embedded.provisioning import make_scram_verifier


def test_the_verifier_answers_the_example_of_rfc_7677() -> None:
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    salt = "W22ZaJ0SNY7soEsUEjb6gQ=="
    exchange = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s={salt},i=4096,c=biws,r={nonce}".encode()

    verifier = make_scram_verifier("pencil", base64.b64decode(salt))

    method, head, keys = verifier.split("$")
    server_key = base64.b64decode(keys.partition(":")[2])
    assert (method, head) == ("SCRAM-SHA-256", f"4096:{salt}")
    assert (
        base64.b64encode(hmac.digest(server_key, exchange, "sha256")) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    )
