#!/usr/bin/env bash
# tokenizers 0.23.2 (Python): ids of added tokens in tokenizer.json are not the ids used.
#
# Behaviour: a tokenizer.json whose added_tokens are not in model.vocab, and whose ids do not go on at once from the
# number of entries in model.vocab, loads without an error, a warning or a log line. The ids in the file are thrown
# away: the tokens are numbered from the number of entries on, in the file's order. Saved again, the file has the new
# ids, and nothing tells that it ever had others. With the same tokens in model.vocab too, the ids stay.
#
# Why it matters: a model's rows belong to the ids in the file. Vocabularies with unused ids before their special
# tokens are real: OpenAI's cl100k_base has ranks 0 to 100255 and <|endoftext|> at 100257. Written that way, the end
# of text becomes 100256, an id that the model was not trained with, and the model's own end of text, 100257, is decoded
# as the next special token, or as nothing. Who writes such files must put special tokens in model.vocab as well.
#
# Seen (Linux x86-64, Python 3.11):
#   in the file     <eot> 4, <pad> 7
#   as loaded       <eot> 3, <pad> 4
#   encode          'a<eot><pad>' is [0, 3, 4]
#   decode          [4, 7] is '<pad>'
#   saved again     <eot> 3, <pad> 4
#   also in vocab   <eot> 4, <pad> 7
#   log             nothing
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tokenizers==0.23.2
cat > "$work/finding.py" <<'PY'
import json
from tokenizers import Tokenizer


def added(id, content):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": True}


def file(vocab):
    return json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "pre_tokenizer": None,
        "post_processor": None, "decoder": None, "added_tokens": [added(4, "<eot>"), added(7, "<pad>")],
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "a"}})


def ids(tokenizer):
    return f"<eot> {tokenizer.token_to_id('<eot>')}, <pad> {tokenizer.token_to_id('<pad>')}"


words = {"a": 0, "b": 1, "c": 2}
loaded = Tokenizer.from_str(file(words))
print("in the file     <eot> 4, <pad> 7")
print("as loaded      ", ids(loaded))
print("encode          'a<eot><pad>' is", loaded.encode("a<eot><pad>").ids)
print("decode          [4, 7] is", repr(loaded.decode([4, 7], skip_special_tokens=False)))
saved = {token["content"]: token["id"] for token in json.loads(loaded.to_str())["added_tokens"]}
print("saved again    ", ", ".join(f"{name} {id}" for name, id in saved.items()))
print("also in vocab  ", ids(Tokenizer.from_str(file({**words, "<eot>": 4, "<pad>": 7}))))
PY
TOKENIZERS_LOG=warn RUST_LOG=warn "$work/venv/bin/python" "$work/finding.py" > "$work/seen" 2> "$work/log"
echo "log             $( [ -s "$work/log" ] && echo something || echo nothing )" >> "$work/seen"
cat "$work/seen"
diff - "$work/seen" <<'SEEN' || { echo "This is no longer what was seen." >&2; exit 1; }
in the file     <eot> 4, <pad> 7
as loaded       <eot> 3, <pad> 4
encode          'a<eot><pad>' is [0, 3, 4]
decode          [4, 7] is '<pad>'
saved again     <eot> 3, <pad> 4
also in vocab   <eot> 4, <pad> 7
log             nothing
SEEN
