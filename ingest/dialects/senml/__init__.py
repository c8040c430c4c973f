"""SenML (RFC 8428) in JSON and CBOR, on the same topics as native JSON."""
