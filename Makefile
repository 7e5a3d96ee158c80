# `make` lists what can be done here; every target brings its own environment, in $(VENV).

VENV        ?= .venv
PYTHON      ?= python3
RECIPE      ?= quickstart
SWEEP       ?= sweeps/quickstart.yaml
TORCH_INDEX ?=
ARGS        ?=

RUN       := "$(VENV)/bin/python"
UNROLLED  := "$(VENV)/bin/unrolled"
INSTALLED := $(VENV)/unrolled-installed
EXTRA_INDEX := $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)")

# A second quickstart trains runs/quickstart-2 and goes on with the same study.
NEWEST_RUN = "$$(dirname "$$(ls -t runs/quickstart/recipe.yaml runs/quickstart-[0-9]*/recipe.yaml 2>/dev/null | head -n 1)")"
STUDY      = "runs/$$(awk '/^study:/ {print $$2}' sweeps/quickstart.yaml)"

# Nothing of the caller's own Python leaks in: an active environment, PYTHONPATH, a habit of `pip install --user`.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV PIP_TARGET PIP_PREFIX
export PIP_USER := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup quickstart train sweep report test test-avx2 test-all lint type bench experiments compare results lock clean

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "Settings, added to any of them, and what they are now:"
	@echo "  RECIPE=$(RECIPE)  SWEEP=$(SWEEP)  ARGS=$(ARGS) (handed to the command)"
	@echo "  VENV=$(VENV)  PYTHON=$(PYTHON)  TORCH_INDEX=$(TORCH_INDEX) (a further package index, for another build of torch)"

setup: $(INSTALLED) ## make the environment in VENV, once
	@$(if $(OWNER),:,echo "Ready: $(VENV). Next: make quickstart")

quickstart: $(INSTALLED) ## train, test, sweep and report: about four minutes on two cores
	@echo "== 1 of 4, train: unrolled fit -c quickstart"
	@OMP_NUM_THREADS=1 $(UNROLLED) fit -c quickstart --run quickstart
	@echo "== 2 of 4, measure on text that it never saw: unrolled test" $(NEWEST_RUN)
	@$(UNROLLED) test $(NEWEST_RUN)
	@echo "== 3 of 4, search for better settings: unrolled sweep sweeps/quickstart.yaml"
	@$(UNROLLED) sweep sweeps/quickstart.yaml
	@echo "== 4 of 4, write it down: unrolled report" $(NEWEST_RUN) $(STUDY)
	@$(UNROLLED) report $(NEWEST_RUN) $(STUDY) --name quickstart
	@echo "Open $(CURDIR)/reports/quickstart/index.html in a browser."

train: $(INSTALLED) ## train RECIPE: make train RECIPE=char_shakespeare ARGS="--trainer.max_epochs 1"
	$(UNROLLED) fit -c $(RECIPE) $(ARGS)

sweep: $(INSTALLED) ## run the study in SWEEP, or go on with it
	$(UNROLLED) sweep $(SWEEP) $(ARGS)

report: $(INSTALLED) ## write reports/NAME/index.html: make report ARGS="runs/quickstart --name mine"
	$(UNROLLED) report $(ARGS)

test: $(INSTALLED) ## the tests that take seconds: make test ARGS="tests/data -k brown"
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 $(ARGS)

test-avx2: $(INSTALLED) ## the numeric tests as on a processor without AVX-512 and 16-bit units
	ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 -m "numeric and not slow" $(ARGS)

test-all: $(INSTALLED) ## every test, the slow ones too
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 -m "" $(ARGS)

lint: $(INSTALLED) ## style and likely mistakes (ruff)
	$(RUN) -m ruff check . $(ARGS)

type: $(INSTALLED) ## types (mypy)
	$(RUN) -m mypy $(ARGS)

bench: $(INSTALLED) ## speed and memory, side by side: a bare PyTorch loop, truncation, feedback, clipping and the like, cells, padding
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/throughput.py $(ARGS)
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/truncation.py $(ARGS)
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/feedback.py $(ARGS)
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/strategy_costs.py $(ARGS)
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/regularized_cells.py $(ARGS)
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/half_precision.py $(ARGS)
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/series_cells.py $(ARGS)
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/lengths.py $(ARGS)
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/translation.py

experiments: $(INSTALLED) ## what strategies do to learning: the figures of docs/results/, about two hours; the last three download their data
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/artbp_unbiased.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/influence_balancing.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/adaptive_window.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/exposure_bias.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/parallel_passes.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/exploding.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/temporal_order.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/identity.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/chrono.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/copy_initialization.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/translation_feedback.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/missing_values.py
	@OMP_NUM_THREADS=1 $(RUN) benchmarks/forecast_exposure.py

compare: $(INSTALLED) ## what each strategy does to the quickstart's text: about 15 minutes on two cores
	@$(RUN) benchmarks/strategies.py $(ARGS)

results: $(INSTALLED) ## the tables of docs/results/; ARGS="digits_rows trec --seeds 3" trains and tests these recipes first
	@$(RUN) benchmarks/recipes.py $(ARGS)

lock: $(INSTALLED) ## take the newest packages that pyproject.toml allows, and pin them
	$(RUN) -m pip install --upgrade --upgrade-strategy eager --editable ".[all]"
	$(RUN) requirements/lock.py > requirements/constraints.new
	mv requirements/constraints.new requirements/constraints.txt

clean: ## remove caches and build products; runs, reports, data and VENV stay
	rm -rf build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks requirements -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp names the clone that VENV was installed from.  A clone that was moved or copied with its VENV installs
# again; an outer VENV of another clone that is still there stays as it is, since two clones cannot share one.
STAMPED := $(shell cat "$(INSTALLED)" 2>/dev/null)
OUTER   := $(if $(findstring |$(CURDIR)/,|$(abspath $(VENV))),,$(VENV))
OWNER   := $(if $(OUTER),$(shell test "$(STAMPED)" = "$(CURDIR)" || ! test -e "$(STAMPED)/pyproject.toml" || echo "$(STAMPED)"))
ifneq ($(STAMPED),$(CURDIR))
.PHONY: $(INSTALLED)
endif

ifneq ($(OWNER),)
$(INSTALLED):
	@echo "unrolled: warning: VENV=$(VENV) belongs to the clone in $(OWNER) and was left as it is: choose another VENV" >&2
	@$(if $(filter-out setup,$(MAKECMDGOALS)),exit 2)
else
$(INSTALLED): pyproject.toml requirements/constraints.txt
	@"$(VENV)/bin/python" -m pip --version >/dev/null 2>&1 || { \
	    command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON) here: add PYTHON=python3.12, say" >&2; exit 2; }; \
	    "$(PYTHON)" requirements/check_python.py && \
	    "$(PYTHON)" -m venv $$(test -f "$(VENV)/pyvenv.cfg" && echo --clear) "$(VENV)"; }
	$(RUN) -m pip install --compile -c requirements/constraints.txt $(EXTRA_INDEX) --editable ".[all]"
	@echo "$(CURDIR)" > "$(INSTALLED)"
endif
