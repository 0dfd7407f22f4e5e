#!/usr/bin/env bash
# Writes what each program of the images is made of, as CycloneDX 1.5: every module
# that is linked into it, with version, source and checksum.
#
#   scripts/sbom.sh [DIRECTORY]     default: sbom
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-sbom}
tool=$PWD/.cache/bin/cyclonedx-gomod
if [ ! -x "$tool" ] || [ tools/sbom/go.mod -nt "$tool" ]; then
  (cd tools/sbom && GOWORK=off go build -o "$tool" github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod)
fi
mkdir -p "$target"
target=$(cd "$target" && pwd)

# of FOLDER MAIN is the bill of one program, built as the Dockerfile builds it.
of() {
  (cd "$1" && CGO_ENABLED=0 GOOS=linux GOWORK=off "$tool" app -json -noserial -std -output-version 1.5 -output "$target/$1.cdx.json" -main "$2" .)
  echo "$target/$1.cdx.json"
}
for service in user product order notification mesh; do of "$service" "cmd/$service"; done
of shop .
