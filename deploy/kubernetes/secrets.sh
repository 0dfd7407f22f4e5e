#!/usr/bin/env bash
# Makes the Secrets of the shop in the cluster that kubectl speaks to: one for each
# reader, out of the files of `shop secrets`. What is missing is made, what is there
# is never changed; DIR is worth a place in a safe.
#
#   deploy/kubernetes/secrets.sh DIR              all: the local overlay
#   deploy/kubernetes/secrets.sh DIR OWNER...     those of some owners
#
# SHOP  how `shop` is called (default: go run ./shop)
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: $0 DIR [OWNER...]" >&2; exit 2; }
command -v kubectl >/dev/null || { echo "missing: kubectl, https://kubernetes.io/docs/tasks/tools" >&2; exit 1; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
namespace=shop

cd "$(dirname "$0")/../.."
read -ra shop <<<"${SHOP:-go run ./shop}"
"${shop[@]}" secrets --dir "$dir"

kubectl get namespace "$namespace" >/dev/null 2>&1 || kubectl apply --server-side -f deploy/kubernetes/overlays/local/namespace.yaml
if [ $# = 0 ]; then
  for path in "$dir"/*/; do set -- "$@" "$(basename "$path")"; done
fi
for owner in "$@"; do
  if kubectl --namespace "$namespace" get secret "$owner" >/dev/null 2>&1; then
    echo "secret $owner is there"
    continue
  fi
  # Files end with a line; what reads them doesn't mind.
  kubectl --namespace "$namespace" create secret generic "$owner" --from-file="$dir/$owner"
  kubectl --namespace "$namespace" label secret "$owner" app.kubernetes.io/part-of=shop >/dev/null
done
