# Each target does all of its own set-up from a bare machine.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup lock
setup: $(VENV)/installed  ## the Python environment of this working tree

$(VENV)/installed: requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

lock:  ## pin every dependency again, with hashes
	$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --all-extras pyproject.toml -o requirements/dev.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --extra operator pyproject.toml -o requirements/operator.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --extra api pyproject.toml -o requirements/api.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --extra cli pyproject.toml -o requirements/cli.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/runner.lock

.PHONY: cluster cluster-down control-plane images
cluster: setup  ## a Kubernetes of one node; or yours: CLUSTER=existing KUBECONFIG=...
	$(BIN)/python -m dev.cluster up

cluster-down: setup  ## remove it without a trace
	$(BIN)/python -m dev.cluster down

control-plane: setup  ## an API server without nodes; NAME=x for another beside it
	$(BIN)/python -m dev.cluster control-plane --name $(or $(NAME),default)

images: setup  ## build what changed, and load it into the cluster
	$(BIN)/python -m dev.cluster images

.PHONY: crds
crds: $(VENV)/installed  ## the CRDs and the chart's copy of them, from the models
	$(BIN)/python -m marianne_operator.crd

.PHONY: bench
bench: setup  ## the operator beside the floor program, on an API server of its own
	$(BIN)/python -m tests.bench.measure --json .local/bench.json

.PHONY: demo test lint types unit simulation conformance apiserver-lane cluster-lane soak
demo: setup  ## a cluster if there is none, the operator, two jobs, their results
	$(BIN)/python -m dev.demo

test: setup  ## every lane of tests, with all that it needs; LANES=unit,simulation chooses
	$(BIN)/python -m dev.lanes

lint types unit simulation conformance: setup  ## one lane of tests
	LANES=$@ $(BIN)/python -m dev.lanes

apiserver-lane cluster-lane: setup  ## one lane of tests, on a real API server or a real node
	LANES=$(@:-lane=) $(BIN)/python -m dev.lanes

soak: setup  ## the long sweeps: the same lanes with many more examples
	MARIANNE_SOAK=1 LANES=simulation,apiserver $(BIN)/python -m dev.lanes
