# Commands for people who work on the suite; each sets up by itself what it needs.
.PHONY: help demo test lint bench screenshots i18n clean

help:  ## list the commands
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo:  ## run the collections of a sample company and open the web client (ARGS=--no-serve ends after the run)
	@dev/setup.sh
	@dev/demo.sh $(ARGS)

test:  ## run every test (ARGS="-k promise" picks some)
	@dev/setup.sh
	@dev/test.sh $(ARGS)

lint:  ## check the code: ruff, pylint-odoo, Odoo's own checks
	@dev/setup.sh
	@dev/lint.sh

bench:  ## measure the suite beside a rival (SIZE="1000 10000" open items, RIVAL=no leaves it out, OUT=file)
	@dev/setup.sh
	@SIZE="$(SIZE)" RIVAL="$(RIVAL)" POSTING="$(POSTING)" OUT="$(OUT)" dev/bench.sh

screenshots:  ## take the pictures of docs/ from the demo
	@dev/setup.sh
	@dev/screenshots.sh

i18n:  ## export the terms to translate and merge them into the Spanish files
	@dev/setup.sh
	@dev/i18n.sh

clean:  ## remove what these commands made: databases, servers, downloads
	@dev/clean.sh
