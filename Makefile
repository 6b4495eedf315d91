# Everything needs Python 3.11 or newer and make, nothing else. `make` alone lists the targets.
.POSIX:
.NOTPARALLEL:

VENV ?= .venv
PYTHON ?= python3
WORKERS ?= 2
STORE ?= results

PY = $(VENV)/bin/python
GNOMON = $(VENV)/bin/gnomon
PYTEST = $(PY) -m pytest
# Several workers whose linear algebra takes every core each get in each other's way: small products take ten times as long.
ONE_THREAD = OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
INSTALL = sh .ci/install $(PY)

.PHONY: help quickstart atmosphere atmosphere-smoke atmosphere-results flows flows-results horizons chaos chaos-small attractors scaling catalogue hierarchical hierarchical-smoke hierarchical-beside hierarchical-checks fields fields-page learners learners-page faults scenes scene-trust superresolution power results test contracts controls test-slow test-browser validate lint format docs bench examples example-torch constraints clean

help:
	@echo "make quickstart     climb a small ladder with a few learners; ends with the ladder and the report"
	@echo "make test           the tests"
	@echo "make contracts      the contract of every learner"
	@echo "make controls       the perfect model scores 1 and the null 0 in every trial of the quickstart, two seeds"
	@echo "make test-slow      the tests that take minutes"
	@echo "make test-browser   opens a report in headless Chromium and clicks through it"
	@echo "make validate       recomputes the facts of the worlds and checks them"
	@echo "make atmosphere     every trial on a small moist atmosphere, with controls, a second physics and linear models"
	@echo "make atmosphere-smoke    the same as small as can be (minutes)"
	@echo "make atmosphere-results  runs it and writes docs/atmosphere-results.md"
	@echo "make flows          every trial on every system of the catalogue (an hour or more; resumes)"
	@echo "make hierarchical   the hierarchical test of hybrids on a moist atmosphere, laptop size, and its page (hours; resumes)"
	@echo "make hierarchical-smoke  the same as small as can be, with the hybrid that is shipped (minutes)"
	@echo "make hierarchical-beside  causes, parts of the hybrid, another seed, another truth, T31, El Niño withheld (hours; resumes)"
	@echo "make hierarchical-checks  planted faults, the swap and ten-year runs of the hybrid, onto that page (hours; resumes)"
	@echo "make fields         speed, truth and learners of the fields, beside published numbers; writes docs/fields.md (hours)"
	@echo "make fields-page    that page from the tables that are there"
	@echo "make learners       gradients, regions, labour, speed and fates of learners; writes docs/learners-results.md (hours)"
	@echo "make learners-page  that page from the tables that are there"
	@echo "make faults         planted faults and perfect twins through every measure: what is seen, what is a false alarm"
	@echo "make flows-results  runs it and writes docs/flows-results.md"
	@echo "make horizons       how long each learner is right, beside the twin, and writes docs/horizons.md (an hour; resumes)"
	@echo "make chaos          learners side by side on a dozen flows, and writes docs/chaos.md (hours; resumes)"
	@echo "make chaos-small    the whole shelf once, with small settings, on one small world"
	@echo "make attractors     free runs beside pairs of truths, and writes docs/attractors.md (hours; resumes)"
	@echo "make scaling        error against data, size and compute, and writes docs/scaling.md (resumes)"
	@echo "make catalogue      recomputes the facts of the catalogue and checks them (half an hour)"
	@echo "make superresolution  fine fields from coarse ones: SideRT, U-Net, bicubic; writes docs/superresolution.md (resumes)"
	@echo "make scenes         depth networks side by side: decoders, ablations, knobs, trust; writes docs/scenes.md (hours; resumes)"
	@echo "make scene-trust    does a depth network know when it is wrong? trains three and writes docs/depth-trust.md"
	@echo "make power          plants faults of known size and shows which are found"
	@echo "make results        runs quickstart and power, and writes docs/results.md from them"
	@echo "make examples       runs every example that needs no extra"
	@echo "make example-torch  tests a PyTorch module, and the Swin encoder against timm (installs both)"
	@echo "make lint           ruff, pyright, import-linter"
	@echo "make docs           builds the site into site/"
	@echo "make bench          what the engine, the store and the command line cost"
	@echo "make clean          removes what these targets made, the environment included"

quickstart: $(VENV)/.atmos
	$(GNOMON) run quickstart --workers $(WORKERS) --store $(STORE)
	$(GNOMON) run atmosphere_forecast --workers $(WORKERS) --store $(STORE)

atmosphere: $(VENV)/.atmos
	$(GNOMON) run atmosphere --workers $(WORKERS) --store $(STORE)

atmosphere-smoke: $(VENV)/.atmos
	$(GNOMON) run atmosphere_smoke --workers $(WORKERS) --store $(STORE)

atmosphere-results: atmosphere
	$(GNOMON) run atmosphere_controls --workers $(WORKERS) --store $(STORE)
	$(PY) -m docs.atmosphere_page --store $(STORE)

flows: $(VENV)/.gnomon
	$(GNOMON) run flows --workers $(WORKERS) --store $(STORE)

flows-results: flows
	$(PY) -m docs.flows_results_page --store $(STORE)

horizons: $(VENV)/.gnomon
	$(GNOMON) run horizons --workers $(WORKERS) --store $(STORE)
	$(PY) -m docs.horizons_page --store $(STORE)

chaos: $(VENV)/.gnomon
	$(GNOMON) run chaos_laptop --workers $(WORKERS) --store $(STORE)
	$(GNOMON) run equal_budgets --workers $(WORKERS) --store $(STORE)
	$(GNOMON) run koopman --workers $(WORKERS) --store $(STORE)
	$(GNOMON) run uncertainty --workers $(WORKERS) --store $(STORE)
	$(PY) -m docs.chaos_page --store $(STORE)

attractors: $(VENV)/.test
	$(PY) benchmarks/attractor_statistics.py --folder docs/attractors
	$(PY) -m docs.attractors_page

scaling: $(VENV)/.gnomon
	$(PY) benchmarks/scaling.py --store $(STORE)/scaling
	$(PY) -m docs.scaling_page --store $(STORE)/scaling

chaos-small: $(VENV)/.gnomon
	$(GNOMON) run chaos_small --workers $(WORKERS) --store $(STORE)

catalogue: $(VENV)/.test
	$(PY) -m validation.catalogue --brief --workers $(WORKERS)

hierarchical: $(VENV)/.atmos
	$(GNOMON) run hierarchical --workers $(WORKERS) --store $(STORE)
	$(PY) -m docs.hierarchical_page --store $(STORE)

hierarchical-smoke: $(VENV)/.atmos
	$(GNOMON) run hierarchical_smoke --workers $(WORKERS) --store $(STORE)

hierarchical-beside: $(VENV)/.atmos
	for study in cause ablation seed twin t31 withheld; do \
	  $(GNOMON) run hierarchical_$$study --workers $(WORKERS) --store $(STORE) || exit 1; done
	$(PY) -m docs.hierarchical_page --store $(STORE)

hierarchical-checks: $(VENV)/.atmos
	$(PY) -m validation.faults --world lorenz96 synthetic lows --pools 10 --pool $(STORE)/fault-pool --csv docs/hierarchical/faults.csv
	$(PY) -m validation.faults --world synthetic_long --pools 5 --pool $(STORE)/fault-pool --csv docs/hierarchical/faults.csv
	$(PY) -m validation.swap --keep $(STORE)/swap --csv docs/hierarchical/swap.csv
	$(PY) -m validation.stability --keep $(STORE)/hybrid --csv docs/hierarchical/stability.csv
	$(PY) -m docs.hierarchical_page

faults: $(VENV)/.test
	$(PY) -m validation.faults --pool $(STORE)/fault-pool

FIELDS = docs/results/fields

fields: $(VENV)/.test $(VENV)/.peers
	$(PY) benchmarks/field_speed.py --csv $(FIELDS)-speed.csv
	$(PY) -m validation kuramoto_sivashinsky burgers korteweg_de_vries navier_stokes two_layer shallow_water gray_scott --csv $(FIELDS)-truth.csv
	$(PY) -m validation navier_stokes two_layer shallow_water --setups --csv $(FIELDS)-setups.csv
	$(PY) benchmarks/field_speed_plane.py --csv $(FIELDS)-speed-plane.csv
	$(PY) benchmarks/field_operators.py --csv $(FIELDS)-operators.csv
	$(PY) benchmarks/fno_burgers.py --csv $(FIELDS)-burgers.csv
	$(PY) -m validation.medida --csv $(FIELDS)-medida.csv
	$(PY) -m validation.medida --sparse --csv $(FIELDS)-medida-sparse.csv
	$(PY) -m validation.medida_two_layer --csv $(FIELDS)-medida-layers.csv
	$(PY) benchmarks/pinn_curriculum.py --csv $(FIELDS)-pinn.csv
	$(PY) benchmarks/pinn_singular.py --csv $(FIELDS)-pinn-singular.csv
	$(PY) -m validation.closures --csv $(FIELDS)-closures.csv
	$(GNOMON) run missing_term --store $(STORE)
	$(PY) -m docs.missing_terms --store $(STORE) --csv $(FIELDS)-missing-term.csv
	$(PY) -m docs.fields_page

fields-page: $(VENV)/.gnomon
	$(PY) -m docs.fields_page

LEARNERS = docs/results/learners

learners: $(VENV)/.test $(VENV)/.torch
	$(PY) benchmarks/gradient_norms.py --csv $(LEARNERS)-gradients.csv
	$(PY) benchmarks/integrator_lead.py --truths 5,200 --csv $(LEARNERS)-integrator.csv
	$(PY) -m validation.pretrained --kept --beside catalogue invented --csv $(LEARNERS)-pretrained.csv
	$(PY) benchmarks/training_speed.py --csv $(LEARNERS)-speed.csv
	$(PY) benchmarks/almost_linear_regions.py --csv $(LEARNERS)-regions.csv
	$(PY) benchmarks/regularised_nde.py --csv docs/results/regularised_nde.csv
	for study in chaos_rest hybrids koopman gtf alrnn phyxmamba regularised_nde; do \
	  $(GNOMON) run $$study --workers $(WORKERS) --store $(STORE) || exit 1; done
	$(PY) -m docs.learner_cases --store $(STORE) --csv $(LEARNERS)-cases.csv
	$(PY) -m docs.learners_results_page

learners-page: $(VENV)/.gnomon
	$(PY) -m docs.learners_results_page

scenes: $(VENV)/.gnomon
	$(GNOMON) run scenes --workers $(WORKERS) --store $(STORE)
	$(GNOMON) run scenes_trust --workers $(WORKERS) --store $(STORE)
	$(PY) -m docs.scenes_page --store $(STORE)

scene-trust: $(VENV)/.test
	$(PY) -m validation.scene_trust --keep $(STORE)/scene-trust

superresolution: $(VENV)/.atmos
	$(PY) -m validation.superresolution --world navier_stokes
	$(PY) -m validation.superresolution --world held_suarez

power: $(VENV)/.gnomon
	$(GNOMON) run power --workers $(WORKERS) --store $(STORE)

results: $(VENV)/.gnomon
	$(GNOMON) run quickstart --workers $(WORKERS) --store $(STORE)
	$(GNOMON) run power --workers $(WORKERS) --store $(STORE)
	$(PY) -m docs.results_page --store $(STORE)

test: $(VENV)/.test
	$(ONE_THREAD) $(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=25 --durations-min=3 -m "not slow and not controls and not contracts and not examples and not validation and not browser and not torch"

contracts: $(VENV)/.test
	$(ONE_THREAD) $(PYTEST) -n $(WORKERS) -m "contracts and not slow"

controls: $(VENV)/.test
	$(PYTEST) -s -m controls

test-slow: $(VENV)/.test
	$(PYTEST) -m "slow and not browser and not torch"

test-browser: $(VENV)/.test $(VENV)/.browser
	$(PYTEST) -m browser

validate: $(VENV)/.test
	$(PY) -m validation

examples: $(VENV)/.test
	$(PYTEST) -m "examples and not torch"

example-torch: $(VENV)/.test $(VENV)/.torch
	$(PYTEST) -m torch -rs
	@for script in examples/*torch*.py; do echo "== $$script"; $(PY) $$script || exit 1; done

lint: $(VENV)/.lint $(VENV)/.test
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/pyright --pythonpath $(PY)
	$(VENV)/bin/lint-imports

format: $(VENV)/.lint
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

docs: $(VENV)/.docs
	$(VENV)/bin/zensical build --clean --strict

bench: $(VENV)/.test $(VENV)/.peers
	@for script in benchmarks/*.py; do \
	  case $$script in */attractor_statistics.py|*/almost_linear_regions.py|*/scaling.py|*/published_*.py) continue;; esac; \
	  echo "== $$script"; $(PY) $$script || exit 1; \
	done

# For maintainers: solves all versions anew in an environment of its own (some 200 packages; torch is left to the machine).
constraints:
	rm -rf build/constraints
	$(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip install '.[dev,cluster,atmos,climate,neuralgcm,baselines,bayes]'
	{ echo "# Versions that were solved and tested together on Python 3.11 (make constraints)."; \
	  build/constraints/bin/python -m pip list --format=freeze --exclude gnomon --exclude pip --exclude setuptools \
	  | tr 'A-Z_' 'a-z-' ; } > constraints.txt

clean:
	rm -rf $(VENV) site results build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# Each stamp says that one set of packages is in the environment; a changed pyproject or constraints file undoes it.
$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Gnomon needs Python 3.11 or newer; say which: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.gnomon: $(VENV)/.made pyproject.toml constraints.txt
	@$(INSTALL) "Gnomon" -e .
	@touch $@

$(VENV)/.atmos: $(VENV)/.gnomon
	@$(INSTALL) "the atmosphere" -e '.[atmos]'
	@touch $@

$(VENV)/.test: $(VENV)/.gnomon
	@$(INSTALL) "what the tests need" -e '.[test]'
	@touch $@

$(VENV)/.lint: $(VENV)/.gnomon
	@$(INSTALL) "the linters" -e '.[lint]'
	@touch $@

$(VENV)/.docs: $(VENV)/.gnomon
	@$(INSTALL) "what the docs need" -e '.[docs]'
	@touch $@

$(VENV)/.browser: $(VENV)/.gnomon
	@$(INSTALL) "what drives the browser" -e '.[browser]'
	@touch $@

$(VENV)/.peers: $(VENV)/.gnomon
	@$(INSTALL) "the peers of the benchmarks" -e '.[peers]'
	@touch $@

$(VENV)/.torch: $(VENV)/.gnomon
	@$(INSTALL) "PyTorch and timm" -e '.[torch,parity]'
	@touch $@
