# The commands of this repository; `make` alone lists them.
SHELL := /usr/bin/env bash
.DEFAULT_GOAL := help

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start the whole shop on this machine (the same as go run ./shop)
	go run ./shop

demo: ## walk the whole story against the running shop
	go run ./shop demo

up: ## start the whole shop in containers; ARGS="--scale product=3"
	@scripts/up.sh $(ARGS)

down: ## stop it; what it knows stays (docker compose down -v forgets all)
	docker compose down

logs: ## what SERVICES say (default: all of them)
	docker compose logs --follow --tail 100 $(SERVICES)

ps: ## what runs, and how it is
	docker compose ps --all

smoke: ## walk the running shop with curl, wherever it is: make smoke URLS="http://user http://product http://order http://notification"
	@scripts/smoke.sh $(URLS)

load: ## send the running shop LOAD (default: --rate 100 --duration 60s) and count every answer
	@go run ./shop load $${LOAD:---rate 100 --duration 60s}

test: ## install what the tests need and run every check
	@scripts/test.sh

lint: ## only the linters
	@scripts/test.sh prerequisites format vet lint

fuzz: ## every fuzz target for FUZZTIME inputs each (default 200000x)
	@FUZZTIME=$${FUZZTIME:-200000x} scripts/test.sh fuzz

chaos: ## try for long to break every promise; ends with a table of what was counted
	CHAOS=long go test ./shop/e2e/chaos -count=1 -v -timeout 60m

drills: ## make every incident on a whole shop and wait for its alert; about 40 minutes
	DRILLS=all go test ./shop/e2e/drills -run TestDrills -count=1 -v -timeout 120m

bench: ## measure against bare references in the same run
	go run ./bench

compose-test: ## build and start the whole in Compose, do to it what operators do, take it away
	go test -tags compose ./deploy/compose -count=1 -v -timeout 60m

kube-test: ## the same in the Kubernetes that KUBECONFIG names, which has the images (TAG dev)
	go test -tags kube ./deploy/kubernetes -count=1 -v -timeout 60m

upgrade: ## build the images of the services and replace what runs, one service after the other, without a failed request
	docker compose build $(SERVICES)
	@scripts/upgrade.sh $(SERVICES)

backup: ## copy the four databases as of one moment while all works, into TO=directory
	@scripts/backup.sh $(TO)

restore: ## put the databases back to FROM=directory and start again; YES=--yes asks nothing
	@scripts/restore.sh $(YES) "$(FROM)"

sbom: ## what the programs are made of, as CycloneDX, into sbom/
	@scripts/sbom.sh

tidy: ## tidy every module by itself
	@for m in $$(go list -m -f '{{.Dir}}'); do (cd "$$m" && GOWORK=off go mod tidy) || exit 1; done

.PHONY: help run demo up down logs ps smoke load test lint fuzz chaos drills bench compose-test kube-test upgrade backup restore sbom tidy
