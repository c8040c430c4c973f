"""Fuzzing of whatever reads bytes or text of others: `python -m tests.fuzz --help`, or `make fuzz`.

targets/     what is read, one target a reader: bytes in, its declared refusal or a good value out, anything else a fault
mutation.py  other inputs from known ones, by their shape (JSON, CBOR, YAML, ZIP, several messages)
corpus/      <target>/: inputs worth keeping; `found-…` once broke the reader. All are replayed by the tests
hypothetical.py, guided.py   the two drivers: Hypothesis, which shrinks; atheris, which follows coverage
"""
