# The two commands that matter: `make run` (fetch, build, detect turns in a recorded conversation) and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

SWIFT ?= swift
PYTHON ?= python3
EOT := .build/release/eot
SAMPLE := .eot/audio/sample.wav
PLOT := .eot/sample.svg

# They talk to other processes or tasks within time limits, so they run apart from suites that keep all processors busy.
NETWORK_SUITES := 'TurnWireTests|TurnWebSocketTests|TurnCloudTests|EotTests.CloudTests'
QUIET_SUITES := 'TurnWireTests|TurnWebSocketTests|TurnCloudTests|EotTests.CloudTests|StressTests'
# Sanitizers need memory of their own.
MEMORY_TEST := 'many streams share'

SWIFT_FILES = $(shell git ls-files '*.swift')

.PHONY: help models sample build run test-data test-tools test tsan soak soak-cloud tsan-cloud asan-cloud push-cost acceptance lint format clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-10s %s\n", $$1, $$2 }'

models: ## fetch and verify the model files (.eot/models)
	@$(PYTHON) scripts/fetch.py models

sample: ## fetch and verify the sample conversation (.eot/audio)
	@$(PYTHON) scripts/fetch.py sample

build: ## build the command eot for release
	@$(SWIFT) build -c release --product eot

run: models sample build ## fetch, build, and detect the turns of the sample conversation
	@$(EOT) detect $(SAMPLE) --plot $(PLOT)
	@echo "plot: $(PLOT)"

test-data: ## fetch and verify everything that the tests use, and derive files from it
	@$(PYTHON) scripts/fetch.py models sample prompts
	@$(PYTHON) scripts/make_test_data.py
	@$(PYTHON) scripts/make_conversations.py

test-tools: ## install what checks the kernels of other processors (Debian or Ubuntu as root; else says what lacks)
	@scripts/kernels/check.sh install

test: test-data test-tools ## build and run every test
	@$(SWIFT) build -c release --build-tests
	@$(SWIFT) test -c release --skip-build --skip $(QUIET_SUITES)
	@$(SWIFT) test -c release --skip-build --filter $(QUIET_SUITES)

tsan: ## run the concurrent suites under Thread Sanitizer
	@$(SWIFT) test --sanitize=thread --scratch-path .build/tsan --filter 'TurnCoreTests|TurnDetectionTests'

soak: ## random calls on a hundred streams for 30 s, with resident memory
	@$(SWIFT) build -c release --build-tests
	@EOT_SOAK_SECONDS=30 $(SWIFT) test -c release --skip-build --filter StressTests

soak-cloud: models sample ## kill the gateway 200 times under detections of real speech (about 6 min)
	@$(SWIFT) build -c release --product eot
	@$(PYTHON) scripts/soak_cloud.py $(SAMPLE)

tsan-cloud: ## run the suites of the wire, the WebSocket and the cloud transport under Thread Sanitizer
	@$(SWIFT) test --sanitize=thread --scratch-path .build/tsan --filter $(NETWORK_SUITES) \
		--skip $(MEMORY_TEST) --skip EotTests

asan-cloud: ## the same under Address Sanitizer
	@$(SWIFT) test --sanitize=address --scratch-path .build/asan --filter $(NETWORK_SUITES) \
		--skip $(MEMORY_TEST) --skip EotTests

push-cost: ## what pushing a 10 ms frame costs
	@$(SWIFT) run -c release turn-push-benchmark

acceptance: ## which test proves which acceptance row (docs/acceptance.md)
	@$(PYTHON) scripts/acceptance.py

lint: ## check format and documentation comments
	@$(SWIFT) format lint --strict --parallel --configuration .swift-format $(SWIFT_FILES)

format: ## format the Swift files in place
	@$(SWIFT) format --in-place --parallel --configuration .swift-format $(SWIFT_FILES)

clean: ## remove what was built (fetched files stay)
	@rm -rf .build
