#!/usr/bin/env bash
# Tells Spark which GPUs a machine has: {"name":"gpu","addresses":["0","1"]}, one for each line of nvidia-smi.
#
# For spark.executor.resource.gpu.discoveryScript (YARN, Kubernetes) and spark.worker.resource.gpu.discoveryScript (standalone);
# it must be executable, at the same path on every machine.
set -euo pipefail

if ! command -v nvidia-smi >/dev/null; then
  echo "gpu-discovery.sh: there is no nvidia-smi on the PATH of $(hostname): install NVIDIA's driver there, or ask for no GPUs" >&2
  exit 1
fi
if ! found="$(nvidia-smi --query-gpu=index --format=csv,noheader 2>&1)"; then
  echo "gpu-discovery.sh: nvidia-smi failed on $(hostname): $found" >&2
  exit 1
fi
addresses="$(printf '%s\n' "$found" | sed -n 's/^ *\([0-9][0-9]*\) *$/"\1"/p' | paste -s -d , -)"
if [ -z "$addresses" ]; then
  echo "gpu-discovery.sh: nvidia-smi lists no GPU on $(hostname): $found" >&2
  exit 1
fi
printf '{"name":"gpu","addresses":[%s]}\n' "$addresses"
