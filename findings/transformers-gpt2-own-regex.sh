#!/usr/bin/env bash
# transformers 5.18.0: AutoTokenizer drops a GPT-2 directory's own splitting rule (tokenizers 0.23.2; no torch needed).
#
# Behaviour: a directory with config.json (model_type gpt2) and a tokenizer.json whose pre_tokenizer is a Split by an own
# regular expression, as OpenAI's later vocabularies have it, and without tokenizer_config.json: AutoTokenizer takes the
# vocabulary and the merges and puts GPT-2's own pre-tokenizer in place of the file's. No warning of that is given, and
# the ids of the same text are others. The tokenizers library reads the same file as it stands, and so does AutoTokenizer
# once a tokenizer_config.json names PreTrainedTokenizerFast.
#
# Why it matters: the model gets ids that it never saw together in training: no error, only worse answers. Here numbers
# are cut after three digits in training and not cut in transformers. tokenizer.json looks complete, and
# tokenizer_config.json looks optional; for these directories it is not.
#
# Seen (Linux x86-64, Python 3.11), tokens of "1234":
#   tokenizers                   ['123', '4'] Sequence
#   AutoTokenizer                ['1234'] ByteLevel GPT2Tokenizer
#   with tokenizer_config.json   ['123', '4'] Sequence TokenizersBackend
#   log                          nothing
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.18.0 tokenizers==0.23.2
cat > "$work/finding.py" <<'PY'
import json
import pathlib
import sys
from tokenizers import Tokenizer
from transformers import AutoTokenizer

directory = pathlib.Path(sys.argv[1])
directory.mkdir()
(directory / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
vocab = ["1", "2", "3", "4", "12", "123", "1234", "<|endoftext|>"]
byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
(directory / "tokenizer.json").write_text(json.dumps({
    "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
    "added_tokens": [{"id": 7, "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False,
                      "normalized": False, "special": True}],
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": r"\p{N}{1,3}"}, "behavior": "Isolated", "invert": False}, byte_level]},
    "decoder": byte_level,
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
              "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
              "vocab": {token: id for id, token in enumerate(vocab)},
              "merges": [["1", "2"], ["12", "3"], ["123", "4"]]}}))


def pre_tokenizer(backend):
    return json.loads(backend.to_str())["pre_tokenizer"]["type"]


plain = Tokenizer.from_file(str(directory / "tokenizer.json"))
print("tokenizers                  ", plain.encode("1234").tokens, pre_tokenizer(plain))
auto = AutoTokenizer.from_pretrained(directory)
print("AutoTokenizer               ", auto.tokenize("1234"), pre_tokenizer(auto.backend_tokenizer), type(auto).__name__)
(directory / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
named = AutoTokenizer.from_pretrained(directory)
print("with tokenizer_config.json  ", named.tokenize("1234"), pre_tokenizer(named.backend_tokenizer), type(named).__name__)
PY
HF_HUB_OFFLINE=1 "$work/venv/bin/python" "$work/finding.py" "$work/model" > "$work/seen" 2> "$work/log"
# Without torch, transformers says once that models are not available.
echo "log                          $(grep -v 'PyTorch was not found' "$work/log" || echo nothing)" >> "$work/seen"
cat "$work/seen"
diff - "$work/seen" <<'SEEN' || { echo "This is no longer what was seen." >&2; exit 1; }
tokenizers                   ['123', '4'] Sequence
AutoTokenizer                ['1234'] ByteLevel GPT2Tokenizer
with tokenizer_config.json   ['123', '4'] Sequence TokenizersBackend
log                          nothing
SEEN
