# What a release job calls. Each target stands for one npm script or one npm command, so that either can be used.

.PHONY: all install build test lint types interop bench ci pack publish-dry publish clean

all: build

install:
	npm ci

build:
	npm run build

test:
	npm test

lint:
	npm run lint

types:
	npm run types

interop:
	npm run test:interop

bench:
	npm run bench

ci:
	.ci/run

# The tarball as a user would install it.
pack:
	npm pack --pack-destination "$(or $(OUT),.)"

# What would be in it, without a word to a registry.
publish-dry: build
	npm pack --dry-run --ignore-scripts

publish:
	npm publish --provenance --access public

clean:
	rm -rf dist
