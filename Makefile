# Everything a newcomer needs: `make demo` and `make test`. Each sets up its own environment first.
.DEFAULT_GOAL := help
SHELL := /bin/bash -o pipefail
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := search,parallel,slurm,export,dev
# Nothing phones out.
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.PHONY: help setup nnunet demo test test-all fuzz check docs bench bench-gpu model clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# $(call install,ENVIRONMENT,PACKAGES): pip alone would compile on one core, the packages' own tests too. What is not
# Python, as templates are not, is no error.
define install
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt $(2)
	@$(1)/bin/python -m compileall -qq -j 0 -x '/tests?/' $(1)/lib || true
endef

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(call install,$(VENV),-e ".[$(EXTRAS)]")
	@touch $@

setup: $(VENV)/.installed  ## create .venv and install softcord with the versions of constraints.txt

# An environment of its own: nnU-Net brings a torchvision that has to match the build of torch exactly.
nnunet: .venv-nnunet/.installed  ## create .venv-nnunet with nnU-Net, which baseline=nnunet3d runs
.venv-nnunet/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-nnunet
	$(call install,.venv-nnunet,nnunetv2)
	@touch $@

# As many trainings at once as there are cores, at most four, of one thread each: its table is the same every time.
demo: setup  ## train soft and hard ground truth x two losses on phantoms, print the table (about 10 minutes)
	$(BIN)/python -m softcord.train -m gt=soft,hard loss=awing,dicece study=demo \
	  hydra/launcher=pool machine.threads=1

test: setup  ## run the tests, slow ones left out (about 10 minutes)
	$(BIN)/python -m pytest -n 2 --dist loadfile -q -m "not slow and not exhaustive"

test-all: setup  ## run every test, before a release (about an hour)
	$(BIN)/python -m pytest -n 2 --dist loadfile -q

# About an hour; what fails is kept in tests/hostile/corpus, and every run of the tests tries it again.
fuzz: setup  ## try 10,000 hostile inputs, and the damaged images of the exhaustive tests
	SOFTCORD_FUZZ=10000 $(BIN)/python -m pytest -q tests/hostile

check: setup  ## style, types and tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

$(VENV)/.docs-installed: $(VENV)/.installed
	$(call install,$(VENV),-e ".[docs]")
	@touch $@

# A page is laid out or made from the code, then built; a warning is an error. Nothing is fetched by the pages.
docs: $(VENV)/.docs-installed  ## build the documentation with its search: build/docs/index.html
	$(BIN)/python -m docs.site.stage build/docs-source
	$(BIN)/python -m sphinx -W --keep-going -q -c docs/site build/docs-source build/docs
	@echo build/docs/index.html

bench: setup  ## run the benchmarks, results in bench-results/
	@mkdir -p bench-results
	@for script in benchmarks/bench_*.py; do echo "== $$script"; \
	  $(BIN)/python $$script | tee bench-results/$$(basename $$script .py).txt; done

# The paper's patch and net, and ours: net alone, data alone, both, the paper's loop, peak memory.
GPU_BENCH := $(BIN)/python benchmarks/bench_training.py --rounds 20 --samples 4 --workers 8 --compile --paper-loop
bench-gpu: setup  ## what a GPU does with training: patches a second, share of waiting, memory
	@$(BIN)/python -c "import sys, torch; sys.exit(None if torch.cuda.is_available() else 'make bench-gpu: no GPU')"
	@mkdir -p bench-results
	$(GPU_BENCH) --model nnunet --patch 64 192 320 --batch 2 | tee bench-results/bench_gpu_nnunet.txt
	$(GPU_BENCH) --model small_deep --patch 48 64 128 --batch 8 | tee bench-results/bench_gpu_small_deep.txt

# Goes on from synthetic-v1, whose own three parts repeat at commit c4436ea; its card says what was cut short.
SYNTHETIC := $(BIN)/python -m softcord.train experiment=synthetic_only machine.threads=1 machine.workers=1
model: setup  ## train the built-in model again, from the one before (half an hour of a processor core)
	$(SYNTHETIC) study=synthetic_v2a train.epochs=15 train.learning_rate=0.001 train.start_from=synthetic-v1
	$(SYNTHETIC) study=synthetic_v2b train.epochs=26 train.learning_rate=0.0006 train.start_from=synthetic_v2a
	$(BIN)/softcord export -m synthetic_v2b -half -name synthetic-v2 -o outputs/synthetic_v2b/synthetic-v2.zip -overwrite

clean:  ## remove caches and the environment; results, data and the store stay
	rm -rf $(VENV) .venv-nnunet .pytest_cache .mypy_cache .ruff_cache .hypothesis bench-results
