#!/usr/bin/env bash
# transformers 5.18.0: a model saved in shards over one saved whole is not the model that is loaded
# (torch 2.13.0, safetensors 0.8.0). Installs torch: the CPU build is 190 MB, others are larger.
#
# Behaviour: save_pretrained into a directory that it wrote before removes the shards that are no longer of use, but not
# the other form. Whole first (model.safetensors), then another model in shards (max_shard_size): the old
# model.safetensors stays beside the new shards and their index. from_pretrained takes model.safetensors whenever it is
# there: it gives the OLD model, without a warning. The other way round (shards first, then whole) the new model is
# loaded; the index stays and names shards that are gone.
#
# Why it matters: "save again into the same directory", with a smaller max_shard_size than before or with a model that
# has grown above it, loses the new model for everyone who loads the directory, and looks like training that changed
# nothing. The directory holds two models, and which one is "the" model depends on what a reader looks for first.
#
# Seen (Linux x86-64, Python 3.11):
#   whole, then shards: loaded is the first model saved
#     model-00001-of-00003.safetensors model-00002-of-00003.safetensors model-00003-of-00003.safetensors model.safetensors model.safetensors.index.json
#   shards, then whole: loaded is the second model saved
#     model.safetensors model.safetensors.index.json
#   log: nothing
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.18.0 torch==2.13.0 safetensors==0.8.0
cat > "$work/finding.py" <<'PY'
import pathlib
import sys
import torch
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel
from transformers.utils import logging

work = pathlib.Path(sys.argv[1])
torch.set_num_threads(1)
logging.disable_progress_bar()
config = GPT2Config(vocab_size=16, n_positions=8, n_embd=16, n_layer=1, n_head=1, bos_token_id=0, eos_token_id=0)
first, second = GPT2LMHeadModel(config), GPT2LMHeadModel(config)


def same(a, b):
    return all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


for name, before, now in [("whole, then shards", "1GB", "6KB"), ("shards, then whole", "6KB", "1GB")]:
    directory = work / name
    first.save_pretrained(directory, max_shard_size=before)
    second.save_pretrained(directory, max_shard_size=now)
    loaded = AutoModelForCausalLM.from_pretrained(directory)
    which = "first" if same(loaded, first) else "second" if same(loaded, second) else "neither"
    print(f"{name}: loaded is the {which} model saved")
    print(" ", *sorted(path.name for path in directory.glob("model*")))
PY
HF_HUB_OFFLINE=1 "$work/venv/bin/python" "$work/finding.py" "$work" > "$work/seen" 2> "$work/log"
echo "log: $( [ -s "$work/log" ] && cat "$work/log" || echo nothing )" >> "$work/seen"
cat "$work/seen"
diff - "$work/seen" <<'SEEN' || { echo "This is no longer what was seen." >&2; exit 1; }
whole, then shards: loaded is the first model saved
  model-00001-of-00003.safetensors model-00002-of-00003.safetensors model-00003-of-00003.safetensors model.safetensors model.safetensors.index.json
shards, then whole: loaded is the second model saved
  model.safetensors model.safetensors.index.json
log: nothing
SEEN
