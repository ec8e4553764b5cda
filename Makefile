# The IMS console. `make run` and `make test` are all one needs to know.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
V := .venv/bin
NOVNC := .venv/share/novnc/core/rfb.js
XTERM := 6.0.0
XTERM_FIT := 0.11.0
PO := imsconsole/locale/zh_Hans/LC_MESSAGES/django.po
MO := $(PO:.po=.mo)
export IMS_PORT ?= 8000
export IMS_GUEST_NETWORK ?= user
# every process would compile all of the source anew, for seconds
unexport PYTHONDONTWRITEBYTECODE

# what the console needs of Debian, and what its tests need besides
PACKAGES := qemu-system-x86 qemu-utils ovmf swtpm busybox-static cpio fdisk dosfstools mtools syslinux syslinux-common \
            grub-common grub-efi-amd64-bin grub-pc-bin mmdebstrap uidmap fakeroot e2fsprogs \
            debian-archive-keyring gpgv nftables
TEST_PACKAGES := chromium-headless-shell faketime isolinux fonts-noto-cjk gettext postgresql grub-rescue-pc ipxe openssh-client xfsprogs \
                 gpg iproute2 gcc libc6-dev prometheus
CLOUD_PACKAGES := libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients libvirt-dev pkg-config gcc python3-dev python3-venv \
                  genisoimage curl procps
DEPLOY_PACKAGES := nginx-light caddy systemd systemd-container buildah podman runc netavark aardvark-dns iptables
# where the small OpenStack of the tests is kept
export IMS_CLOUD ?= $(CURDIR)/.cloud

.PHONY: help run down test test-fast test-one test-debian test-sweeps test-postgres test-cloud test-deploy check-cloud cloud cloud-down check fmt lint types translations messages \
        mutants rules screenshots bench capacity campaign lock upgrade hooks packages test-packages cloud-packages deploy-packages xterm

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -t -s $$'\t'

run: packages $(V)/.run $(MO) $(NOVNC)  ## set everything up and serve the console with its workers
	@IMS_LOG_LEVEL=$${IMS_LOG_LEVEL:-WARNING} $(V)/python manage.py set_up
	@exec $(V)/python manage.py serve

down: $(V)/.run  ## stop all guests of this data folder
	@$(V)/python manage.py stop_guests

# Whole files, as tests/support/order.py shares them out, unless all is shuffled. When a process of the tests dies, no other
# begins in its place: xdist would wait for ever for whole files that the dead one had finished.
DIST = --max-worker-restart 0 --dist $(if $(SHUFFLE),load --random-order-bucket=global --random-order-seed=$(SHUFFLE),loadfile --no-loadscope-reorder)

test: test-packages $(V)/.dev $(MO) $(NOVNC)  ## everything: guests and browser included; SHUFFLE=7 in another order, N=2 by so many processes
	$(V)/pytest -n $(or $(N),4) $(DIST) -m "not debian and not cloud and not deploy" tests

test-debian: test-packages $(V)/.dev $(MO) $(NOVNC)  ## a Debian is built, boots with BIOS and UEFI and takes SSH logins; minutes
	$(V)/pytest -m debian tests

test-fast: $(V)/.dev $(MO) $(NOVNC)  ## without guests and browser
	$(V)/pytest -n $(or $(N),2) $(DIST) -m "not guest and not browser and not slow and not cloud and not deploy" tests

test-one: $(V)/.dev $(MO) $(NOVNC)  ## what is named: make test-one T=tests/images/modify/test_tag.py, or T="tests/jobs -k cancel"
	@test -n "$(T)" || { echo 'Say which: make test-one T=tests/images/modify/test_tag.py'; exit 2; }
	$(V)/pytest $(T)

test-sweeps: test-packages $(V)/.dev $(MO)  ## where `make test` takes some of the points at which something goes wrong, every one
	SWEEP=all $(V)/pytest -n 3 $(DIST) -m "not cloud" $$(grep -rlE 'kill_at_every_step\(|support\.sweep' tests --include='test_*.py' | sort)

test-postgres: test-packages $(V)/.dev $(MO) $(NOVNC)  ## what may differ on PostgreSQL: not guests, browser, bytes, pages drawn again, nor what asks it nothing
	pg_virtualenv -t -o fsync=off -o synchronous_commit=off bash -c \
	  'IMS_DATABASE_URL=postgres://$$PGUSER:$$PGPASSWORD@$$PGHOST:$$PGPORT/ims \
	   $(V)/pytest -n 3 $(DIST) -m "not guest and not browser and not bytes and not pages and not cloud and not deploy" tests'

cloud: cloud-packages  ## bring up a small real OpenStack on this machine, in IMS_CLOUD=.cloud; minutes the first time
	@tests/openstack/lab/up.sh $(IMS_CLOUD)

cloud-down:  ## end it; what it has stays for the next time
	@tests/openstack/lab/down.sh $(IMS_CLOUD)

# where a machine cannot have one, the tests say so and are skipped; one that does not come up is a failure
test-cloud: test-packages cloud-packages $(V)/.dev $(MO) $(NOVNC)  ## what asks a real OpenStack, which it brings up; CLOUD="cloud and not thorough", SWEEP=all for every point
	@tests/openstack/lab/up.sh $(IMS_CLOUD) || [ $$? = 3 ]
	$(V)/pytest -n 3 --dist load -o timeout=$(if $(SWEEP),7200,2400) -o faulthandler_timeout=$(if $(SWEEP),7260,2460) -m "$(or $(CLOUD),cloud)" $(or $(IN),tests)
	$(if $(CLOUD),,pg_virtualenv -t -o fsync=off -o synchronous_commit=off bash -c \
	  'IMS_DATABASE_URL=postgres://$$PGUSER:$$PGPASSWORD@$$PGHOST:$$PGPORT/ims $(V)/pytest -m "cloud and postgresql" tests/openstack')

# a fresh Debian with systemd, nginx and Caddy in front of a browser, an image of containers: where a machine cannot, it says why
test-deploy: test-packages deploy-packages $(V)/.dev $(MO) $(NOVNC)  ## it is installed as the papers say, and used behind a proxy; minutes
	$(V)/pytest tests/deploy

check-cloud:  ## of test-cloud all but what takes minutes each
	@$(MAKE) --no-print-directory test-cloud CLOUD="cloud and not thorough" IN=tests/openstack

check: lint types translations test test-postgres test-debian check-cloud  ## all that CI runs

fmt: $(V)/.dev  ## put the code into the one style, and mend what can be mended
	$(V)/ruff check --fix .
	$(V)/ruff format .

lint: $(V)/.dev  ## style, floors, templates, missing migrations
	$(V)/ruff check .
	$(V)/ruff format --check .
	$(V)/lint-imports --no-cache
	$(V)/djlint --quiet --lint imsconsole/templates
	$(V)/python manage.py makemigrations --check --dry-run

types: $(V)/.dev  ## mypy
	$(V)/mypy

translations: test-packages $(V)/.dev $(MO)  ## every sentence has its Chinese
	$(V)/pytest -q tests/house/test_translations.py

messages: test-packages $(V)/.dev  ## bring new sentences into the Chinese catalogue, to be translated
	$(V)/python manage.py makemessages -l zh_Hans --no-obsolete --no-location -i .venv -i .data -i tests

mutants: $(V)/.dev $(MO)  ## which faults in rules and services the fast tests miss: MINUTES=60 SEED=1 ROOM=images/copy T=tests/images
	$(V)/python -m tests.mutants --minutes $(or $(MINUTES),60) --seed $(or $(SEED),1) --only "$(ROOM)" $(T)

rules: $(V)/.dev  ## say in docs/rules.md which tests cite which rule
	$(V)/python -m tests.support.citations

screenshots: test-packages $(V)/.dev $(MO) $(NOVNC)  ## a picture of every page, in both widths, themes and languages
	$(V)/python -m tests.screenshots

bench: test-packages $(V)/.dev $(MO)  ## print the benchmarks, and what misses its goal: ROWS=1000 in a minute; ONLY=cloud; KEEP=folder for the filled databases
	$(V)/python -m tests.bench $(if $(ROWS),--rows $(ROWS)) $(if $(DATABASES),--databases $(DATABASES)) $(if $(ONLY),--only $(ONLY)) $(if $(KEEP),--keep $(KEEP))

# what 100 hosts, 10,000 projects and a year of jobs cost, and with the images that ROWS says: docs/operate/capacity.md
capacity: test-packages $(V)/.dev $(MO)  ## print what hosts, projects, images and a year of jobs cost: ROWS="10000 100000" DATABASES=postgres
	nice -n 10 $(V)/python -m tests.bench --only growth capacity --rows $(or $(ROWS),10000 100000) $(if $(DATABASES),--databases $(DATABASES)) $(if $(KEEP),--keep $(KEEP))

campaign: test-packages $(V)/.dev $(MO)  ## all kinds of work while processes are killed, the disk is full, the database goes: MINUTES=60 SEED=1 DATABASE=postgres
	$(V)/python -m tests.campaign --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED)) --database $(or $(DATABASE),sqlite)

hooks: $(V)/.dev  ## have git check style, floors and templates before each commit, types before each push
	$(V)/pre-commit install

COMPILED := $(V)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
            --custom-compile-command 'make lock'
COMPILE := $(COMPILED) pyproject.toml --extra postgres --extra s3 --extra openstack --group build
lock: $(V)/.venv  ## write the exact versions of all dependencies anew, where pyproject.toml asks for others
	$(V)/pip install --quiet 'uv>=0.9,<1'
	$(COMPILE) $(NEWEST) --extra dev --output-file requirements-dev.lock
	$(COMPILE) $(NEWEST) --constraint requirements-dev.lock --output-file requirements.lock
	$(COMPILED) $(NEWEST) tests/openstack/lab/requirements.in --output-file tests/openstack/lab/requirements.lock

upgrade: NEWEST := --upgrade
upgrade: lock  ## the same, with the newest versions that pyproject.toml allows

# ── set-up ──────────────────────────────────────────────────────────────────
$(V)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=…"; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

# exact versions with their checksums; then the checkout itself, without asking the registry for anything more
install_locked = $(V)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $(1) && \
                 $(V)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

$(V)/.run: requirements.lock pyproject.toml $(V)/.venv
	$(call install_locked,$<)
	@touch $@

$(V)/.dev: requirements-dev.lock requirements.lock pyproject.toml $(V)/.venv
	$(call install_locked,$<)
	@touch $@
	@touch $(V)/.run

$(MO): $(PO) $(V)/.run
	@$(V)/pybabel --quiet compile --input-file $(PO) --output-file $(MO) --locale zh_Hans

# noVNC's files alone, out of Debian's package: installed, it would bring Node.js and forty others along
$(NOVNC): $(V)/.venv
	@rm -rf .venv/novnc .venv/share/novnc && mkdir -p .venv/novnc .venv/share && cd .venv/novnc && \
	  if apt-get -q -o APT::Sandbox::User=root download novnc >/dev/null 2>&1 && dpkg-deb -x novnc_*.deb . && mv usr/share/novnc ../share/novnc; \
	  then touch ../share/novnc/core/rfb.js; \
	  else echo "noVNC could not be fetched; for screens in the browser please run:  sudo apt-get install novnc"; fi
	@rm -rf .venv/novnc

# xterm.js is part of the checkout, as its packages for npm have it: the terminal needs nothing of this host
xterm:  ## bring the terminal of serial consoles up to XTERM and XTERM_FIT (needs npm)
	@rm -rf imsconsole/static/xterm && mkdir -p imsconsole/static/xterm && cd imsconsole/static/xterm && \
	  npm pack --silent @xterm/xterm@$(XTERM) @xterm/addon-fit@$(XTERM_FIT) >/dev/null && for package in *.tgz; do tar -xzf $$package && \
	    cp package/LICENSE LICENSE-$${package%-*} && cp package/lib/*.mjs . && { cp package/css/*.css . 2>/dev/null; rm -r package $$package; }; done
	@sed -i '/^\/\/# sourceMappingURL=/d' imsconsole/static/xterm/*.mjs

# install what is missing when we may, else say what is missing
define install
	@missing=$$(for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; else as=no; fi; \
	  if [ "$$as" = no ]; then echo "Missing Debian packages; please run:  sudo apt-get install" $$missing; \
	  else $$as apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -q --no-install-recommends $$missing >/dev/null; fi; \
	fi
endef

packages:
	$(call install,$(PACKAGES))
	@if [ "$$(id -u)" = 0 ] && ! id ims-guest >/dev/null 2>&1; then \
	  useradd --system --no-create-home --shell /usr/sbin/nologin ims-guest; fi

test-packages: packages
	$(call install,$(TEST_PACKAGES))

# no service of them is to start here
deploy-packages: export RUNLEVEL := 1
deploy-packages: test-packages
	$(call install,$(DEPLOY_PACKAGES))

cloud-packages: test-packages
	$(call install,$(CLOUD_PACKAGES))
