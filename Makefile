# The targets a person remembers. A fresh machine needs python3 with venv, and make; nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo up test check fuzz sbom audit bench bench-peers load schemas lock servers clean

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "urbansense needs Python 3.11 or newer; set PYTHON=python3.12, say")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup  ## the whole platform and a small city in one process
	$(BIN)/urbansense demo

up: setup  ## the platform without the simulator
	$(BIN)/urbansense up

# Each worker starts real servers of its own; WORKERS=0 runs all in one process.
WORKERS ?= 2

test: setup  ## the tests; those that need a server that is not here, or take long, say why they were skipped
	$(BIN)/pytest -n $(WORKERS) --dist loadfile

check: setup  ## style, types and the import table
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# FUZZ="--target native --seed 7" gives other options; `python -m tests.fuzz --help` lists them.
FUZZ_SECONDS ?= 90
FUZZ ?=

fuzz: setup  ## every reader of bytes and text of others, for FUZZ_SECONDS together; by atheris too where it installs
	-@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r tests/fuzz/requirements.txt \
		|| echo "atheris does not install here"
	PYTHONHASHSEED=0 $(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(FUZZ)

sbom: setup  ## build/sbom.cdx.json: what urbansense is made of, as CycloneDX
	$(BIN)/python -m supply_chain.bill_of_materials

audit: setup  ## known vulnerabilities of what is locked; exit code 3 where the database did not answer
	$(BIN)/python -m supply_chain.audit

bench: setup  ## throughput beside its floor in the same run; writes benchmarks/results/
	$(BIN)/python -m benchmarks

bench-peers: setup  ## the one-rule job in Bytewax and Quix Streams beside ours, on the same Kafka; needs `make servers`
	$(BIN)/python -m benchmarks.peers

# LOAD="--rate 2000 --profile burst" gives other options; `urbansense load --help` lists them.
LOAD ?= --devices 5000 --rate 5000 --duration 60s

load: setup  ## one minute of 5,000 messages/s through the whole path; fails if too slow or if anything is lost
	$(BIN)/python -m benchmarks.load_stack $(LOAD)

schemas: setup  ## docs/schemas/ from the models
	$(BIN)/python -m urbansense.documentation.schemas docs/schemas

servers:  ## Apache Kafka for the tests, through Maven, into .cache/
	tests/servers/fetch_kafka.sh

LOCKING := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

lock:  ## requirements.lock, and the part of it that the image installs, from pyproject.toml; needs uv
	$(LOCKING) --extra dev --extra postgresql pyproject.toml -o requirements.lock
	$(LOCKING) --extra build --extra postgresql -c requirements.lock pyproject.toml -o requirements-runtime.lock

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
