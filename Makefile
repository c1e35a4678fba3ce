# The two commands that matter: `make run` (fetch, build, detect turns in a recorded conversation) and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

SWIFT ?= swift
PYTHON ?= python3
EOT := .build/release/eot
# On Linux the command carries the Swift libraries, where the toolchain has them to link: it starts faster, takes less
# memory and runs where no Swift is installed. 0 leaves them shared.
STATIC_STDLIB := $(dir $(realpath $(shell command -v $(SWIFT))))../lib/swift_static/linux/libFoundationEssentials.a
export EOT_STATIC_STDLIB ?= $(if $(wildcard $(STATIC_STDLIB)),1,0)
SAMPLE := .eot/audio/sample.wav
PLOT := .eot/sample.svg
# Recorded telephone prompts with silences of known length in them: a few, and all that fit.
TURNS := .eot/fixtures/turns
ALL_TURNS := .eot/fixtures/all-turns
EVAL_PLOT := .eot/frontier.svg

# They keep all processors busy; tests that wait for each other would starve beside them.
BUSY_SUITES := TurnInferenceTests
# They talk to other processes or tasks within time limits, so they run apart from suites that keep all processors busy,
# and in two parts.
NETWORK_SUITES := 'TurnWireTests|TurnWebSocketTests|TurnCloudTests|TurnGatewayTests|EotTests.(Cloud|Serve|Load|Interop|Deploy)Tests'
CLOUD_SUITES := 'TurnWireTests|TurnWebSocketTests|TurnCloudTests|EotTests.CloudTests|StressTests'
GATEWAY_SUITES := 'TurnGatewayTests|EotTests.(Serve|Load|Interop|Deploy)Tests'
# Suites run one test at a time under sanitizers, which slow everything down and need memory of their own. `eot` as a
# process of its own is not built with one.
CHECKED_SUITES := 'TurnWireTests|TurnWebSocketTests|TurnCloudTests|TurnGatewayTests'
UNCHECKED_TESTS := 'many streams share|EotTests'
# One thread at a time, and long: nothing for Thread Sanitizer.
SINGLE_THREADED_TESTS := 'never trap|asked at every moment|whatever comes between'
# Threads of one prediction, and predictions on many threads.
THREAD_TESTS := 'threads change nothing but time|many threads get the answers|serves many threads'
THREAD_SANITIZED := EOT_STATIC_STDLIB=0 TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/thread.txt $(SWIFT)
# XCTest, which has no tests here, leaks; so it is not run where leaks count.
ADDRESS_SANITIZED := EOT_STATIC_STDLIB=0 LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/leak.txt $(SWIFT)

SWIFT_FILES = $(shell git ls-files '*.swift')

.PHONY: help models sample build run plots bench-eval test-data test-tools test tsan soak soak-cloud soak-gateway rough-gateway soak-nginx bench-gateway tsan-cloud asan-cloud push-cost acceptance lint format clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-10s %s\n", $$1, $$2 }'

models: ## fetch and verify the model files (.eot/models)
	@$(PYTHON) scripts/fetch.py models

sample: ## fetch and verify the sample conversation (.eot/audio)
	@$(PYTHON) scripts/fetch.py sample

build: ## build the command eot for release
	@$(SWIFT) build -c release --product eot

run: models sample build ## fetch, build, detect the turns of the sample conversation, evaluate on 24 labelled turns
	@$(EOT) detect $(SAMPLE) --plot $(PLOT)
	@echo "plot: $(PLOT)"
	@if $(PYTHON) scripts/fetch.py prompts && $(PYTHON) scripts/make_conversations.py; then \
		printf '\nHow good? 24 telephone prompts, silences put into them by a script: a demonstration, not a benchmark.\n\n'; \
		rm -f $(TURNS)/smart-turn.csv; \
		$(EOT) score --score-point 0.2 --output $(TURNS)/smart-turn.csv $(TURNS)/manifest.jsonl; \
		$(EOT) eval --score-point 0.2 --plot $(EVAL_PLOT) $(TURNS)/smart-turn.csv; \
		echo "plot: $(EVAL_PLOT)"; \
	else echo "the evaluation is left out: its prompts come from Debian, by apt-get"; fi

plots: models sample build ## draw the pictures of the documentation anew (docs/images)
	@$(PYTHON) scripts/fetch.py prompts
	@$(PYTHON) scripts/make_conversations.py --turns 1000 --output $(ALL_TURNS)
	@scripts/draw_plots.sh $(EOT) $(SAMPLE) $(ALL_TURNS)

test-data: ## fetch and verify everything that the tests use, and derive files from it
	@$(PYTHON) scripts/fetch.py models sample prompts
	@$(PYTHON) scripts/make_test_data.py
	@$(PYTHON) scripts/make_calls.py

test-tools: ## install what the tests talk to: emulators (Debian or Ubuntu as root; else says what lacks), nginx, Python peers
	@scripts/kernels/check.sh install
	@scripts/nginx.sh install
	@sh Tests/Peers/setup.sh > /dev/null
	@sh Tests/Interop/setup.sh > /dev/null

test: test-data test-tools ## build and run every test
	@$(SWIFT) build -c release --build-tests
	@$(SWIFT) test -c release --skip-build --filter $(BUSY_SUITES)
	@$(SWIFT) test -c release --skip-build --skip $(BUSY_SUITES) --skip $(NETWORK_SUITES) --skip StressTests
	@$(SWIFT) test -c release --skip-build --filter $(CLOUD_SUITES)
	@$(SWIFT) test -c release --skip-build --filter $(GATEWAY_SUITES)

tsan: test-data ## run the concurrent suites under Thread Sanitizer
	@$(THREAD_SANITIZED) test -c release --sanitize=thread --scratch-path .build/tsan --filter 'TurnCoreTests|TurnDetectionTests'
	@$(THREAD_SANITIZED) test -c release --no-parallel --sanitize=thread --scratch-path .build/tsan --filter $(THREAD_TESTS)

soak: ## random calls on a hundred streams for 30 s
	@$(SWIFT) run -c release turn-stress 30

soak-cloud: models ## kill the gateway 200 times under detections of real speech (about 9 min)
	@$(PYTHON) scripts/fetch.py prompts
	@$(PYTHON) scripts/make_conversations.py
	@$(SWIFT) build -c release --product eot
	@$(PYTHON) scripts/soak_cloud.py

soak-gateway: test-data ## sessions come and go at the gateway for 20 min; the slope of its memory is printed
	@$(SWIFT) build -c release --product eot
	@$(PYTHON) scripts/soak_gateway.py soak

rough-gateway: test-data ## overload, SIGTERM under load, memory a session (about 5 min)
	@$(SWIFT) build -c release --product eot
	@$(PYTHON) scripts/soak_gateway.py all

soak-nginx: test-data ## two gateways behind nginx, one killed every 2 s for a minute
	@$(SWIFT) build -c release --product eot
	@scripts/nginx.sh install
	@$(PYTHON) scripts/soak_nginx.py --runs 8 .eot/fixtures/calls/call-1.wav

bench-gateway: test-data ## predictions a second of the gateway beside one in Python, in turns, with ratios (about 5 min)
	@$(SWIFT) build -c release --product eot
	@$(PYTHON) Benchmarks/gateway.py

tsan-cloud: ## run the suites of the wire, the WebSocket, the cloud transport and the gateway under Thread Sanitizer
	@$(THREAD_SANITIZED) test --no-parallel --sanitize=thread --scratch-path .build/tsan --filter $(CHECKED_SUITES) \
		--skip $(UNCHECKED_TESTS) --skip $(SINGLE_THREADED_TESTS)

asan-cloud: models sample ## the same under Address Sanitizer, which reports leaks too
	@$(ADDRESS_SANITIZED) test --no-parallel --disable-xctest --sanitize=address --scratch-path .build/asan \
		--filter $(CHECKED_SUITES) --skip $(UNCHECKED_TESTS)

bench-eval: build ## what eot eval and eot calibrate cost for a million rows: time and memory
	@$(PYTHON) Benchmarks/evaluation.py

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
