# Each target is one command on a fresh machine (git, make, Python 3.11+ with venv): it sets up what it needs. The second time it is quick.
PYTHON ?= python3
BIN = .venv/bin
PORT ?= 8000
# Images of Python often forbid compiled modules to be kept; then each of the hundreds of servers in a run of the tests compiles them anew.
export PYTHONDONTWRITEBYTECODE =
GRPC_PORT ?=

.PHONY: another-python run test check contracts types lint fix torture bench cluster docs client lock clean

run: .venv/run.stamp  ## a server on 127.0.0.1:8000 with simulated orders and a SQLite log; GRPC_PORT=50051 serves gRPC, too
	@mkdir -p var
	@$(BIN)/orders-events serve --port $(PORT) $(if $(GRPC_PORT),--grpc-port $(GRPC_PORT)) --source simulator:3 --store sqlite:var/orders-events.db --retain-events 1000000

test: .venv/test.stamp  ## the whole suite, with the coverage gate
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(PYTEST)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: lint contracts test  ## what CI runs

contracts: .venv/test.stamp  ## compare the contract with its released form: no change may break a client
	$(BIN)/orders-events contracts

types: .venv/run.stamp  ## write the event types of the Python client, after a release of the contract
	@mkdir -p build
	$(BIN)/orders-events types --import-from .events > build/event_types.py
	mv build/event_types.py app/client/event_types.py

lint: .venv/test.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: .venv/test.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

torture: .venv/test.stamp  ## the promises of the suite at full size; takes a while
	$(BIN)/python -m pytest tests/torture $(PYTEST)

bench: .venv/bench.stamp  ## measure this server beside its peers; QUICK=1, ONLY=one,burst-1000, SYSTEMS=, ROUNDS=, SECONDS=
	$(BIN)/python -m tests.benchmark $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(SYSTEMS),--systems $(SYSTEMS)) \
	    $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) $(BENCH)

cluster: .venv/test.stamp  ## three NATS servers, two nodes on one log in them, and Caddy at localhost:8000; Ctrl-C ends all
	@$(BIN)/python deploy/cluster/loopback.py var/cluster

docs: .venv/run.stamp  ## the documentation as files, in build/docs
	@rm -rf build/docs
	@$(BIN)/orders-events docs build/docs

client: .venv/run.stamp  ## the Python client as a wheel of its own, in dist
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist ./app/client

lock: .venv/test.stamp  ## refresh the locked versions, for every Python and platform at once
	$(BIN)/uv pip compile pyproject.toml --group build --universal --generate-hashes --no-header --no-annotate --quiet --upgrade -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group build --group dev --universal --generate-hashes --no-header --no-annotate --quiet --upgrade -o requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml --extra grpc --constraint requirements-dev.lock --universal --generate-hashes --no-header --no-annotate --quiet --upgrade -o requirements-grpc.lock
	$(BIN)/uv pip compile pyproject.toml --extra otel --constraint requirements-dev.lock --constraint requirements-grpc.lock --universal --generate-hashes --no-header --no-annotate --quiet --upgrade -o requirements-otel.lock
	$(BIN)/uv pip compile pyproject.toml --extra nats --constraint requirements-dev.lock --universal --generate-hashes --no-header --no-annotate --quiet --upgrade -o requirements-nats.lock
	$(BIN)/uv pip compile --group bench --constraint requirements-dev.lock --universal --generate-hashes --no-header --no-annotate --quiet --upgrade -o requirements-bench.lock

clean:
	rm -rf .venv build dist

# A virtual environment belongs to one Python: if PYTHON is given and has another version, the environment is made anew.
VERSION = -c 'import platform; print(platform.python_version())'
ifneq ($(origin PYTHON),file)
ifneq ($(shell $(PYTHON) $(VERSION)),$(shell $(BIN)/python $(VERSION) 2>/dev/null))
.venv/python.stamp: another-python
endif
endif

.venv/python.stamp:
	@echo "Making a virtual environment of Python $$($(PYTHON) $(VERSION)) in .venv."
	@$(PYTHON) -m venv --clear .venv
	@touch $@

# uv installs a lock with a tenth of the CPU time that pip takes: the uv on the path, or else the one in the lock. If uv cannot, pip does.
# uv reads no configuration of pip, so it is given the index, the wheels and the certificates that pip was to use.
# $(1): what is installed; $(2): the lock, with options for both; $(3): options for uv.
UV = $(or $(shell command -v uv),$(BIN)/uv)
INDEX = $${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$(cat .venv/index)}}
install = echo "Installing $(1)."; index="$(INDEX)"; env UV_LINK_MODE=copy $${index:+UV_DEFAULT_INDEX="$$index"} \
	$${PIP_FIND_LINKS:+UV_FIND_LINKS="$${UV_FIND_LINKS:-$$(echo $$PIP_FIND_LINKS | tr ' ' ,)}"} \
	$${PIP_CERT:+SSL_CERT_FILE="$${SSL_CERT_FILE:-$$PIP_CERT}"} \
	$(UV) pip install --quiet --python $(BIN)/python $(3) $(2) 2>.venv/uv.log || \
	{ echo "uv cannot do that ($$(head -n 1 .venv/uv.log)): pip does, which takes longer."; \
	$(BIN)/pip install --quiet --disable-pip-version-check $(2); }

.venv/uv.stamp: .venv/python.stamp
	@$(BIN)/pip config get global.index-url >.venv/index 2>/dev/null || true
	@command -v uv >/dev/null || { echo "Installing uv, which installs the rest."; \
	    awk '/^[a-z]/ {uv = /^uv==/} uv' requirements-dev.lock >.venv/uv.lock; \
	    $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r .venv/uv.lock || true; }
	@touch $@

.venv/run.stamp: .venv/uv.stamp requirements.lock requirements-docs.lock requirements-grpc.lock requirements-otel.lock requirements-nats.lock pyproject.toml openapi/orders-events.yaml  # its version
	@$(call install,what the server needs,--require-hashes -r requirements.lock)
	@$(call install,the server,--no-deps --no-build-isolation --editable .)
	@$(call install,the explorer of the docs,--require-hashes --no-deps -r requirements-docs.lock) || echo "It is optional: the docs work without it."
	@$(call install,gRPC,--require-hashes --only-binary :all: -r requirements-grpc.lock) || echo "It is optional: only --grpc-port needs it."
	@$(call install,OpenTelemetry,--require-hashes --only-binary :all: -r requirements-otel.lock) || echo "It is optional: only --otlp-endpoint needs it."
	@$(call install,NATS,--require-hashes --only-binary :all: --no-deps -r requirements-nats.lock) || echo "It is optional: only --store nats:// needs it."
	@touch $@

.venv/test.stamp: .venv/run.stamp requirements-dev.lock
	@$(call install,what the tests need,--require-hashes -r requirements-dev.lock,--compile-bytecode)
	@touch $@

.venv/bench.stamp: .venv/test.stamp requirements-bench.lock
	@$(call install,what the benchmark needs,--require-hashes -r requirements-bench.lock)
	@touch $@
