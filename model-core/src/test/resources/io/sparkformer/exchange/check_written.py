"""Checks with transformers and peft what was written as a model directory.

    check_written.py lm DIRECTORY EXPECTED.json
        EXPECTED: {"prompts": [...], "texts": [...], "ids": [[...]]}, greedy; texts and ids without
        the prompts. The id that ended a text may be there or not. "max_new_tokens" if not all rows
        were ended before it; otherwise the longest row's length counts.
    check_written.py classifier DIRECTORY EXPECTED.json
        EXPECTED: {"texts": [...], "labels": [[...]], "scores": [[...]]}, highest score first.
        Texts that are too long are cut as tokenizer_config.json says.
    check_written.py resave DIRECTORY OUT [--dtype bf16] [--max-shard-size 5KB]
        Loads model and tokenizer and saves them to OUT.
    check_written.py lora DIRECTORY OUT [--prompt TEXT]
        Trains a LoRA for one step, merges it, saves to OUT, and writes what the merged model says
        to OUT/expected.json, in the form that make_exchange_references.py describes.
    check_written.py refuses DIRECTORY
        Passes if transformers does not load the model.

Rows are taken one by one and in batches of 8; "batches": false in EXPECTED leaves out the latter,
for what has no padding token. All numbers are computed in float32.

The last line of stdout is {"ok": true, ...} or {"ok": false, "problems": [...]}; the exit code is 0
if the check could run. Warnings about weights, ids, labels, the tokenizer's class or its regex are
problems; others are in "warnings".

With transformers 5.18.0, torch 2.13.0, tokenizers 0.23.2, peft 0.21.0.
"""

import argparse
import json
import logging as python_logging
import os
import re
import sys
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy
import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    pipeline,
)
from transformers.utils import logging

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
TOLERANCE = 1e-5
BATCH = 8
NEW_TOKENS = 12
SERIOUS = re.compile(
    r"LOAD REPORT|newly initialized|not used when initializing|mismatch|NOT tie"
    r"|regex|tokenizer class|tokenizer you are loading|tokenization"
    r"|within the vocabulary|id2label|num_labels|model of type|indexing errors",
    re.IGNORECASE,
)
HARMLESS = re.compile(r"Ignoring clean_up_tokenization_spaces")


class Recorder(python_logging.Handler):
    def __init__(self):
        super().__init__(python_logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())

    def split(self):
        """Problems, and what else was said."""
        messages = list(dict.fromkeys(self.messages))
        serious = [m for m in messages if SERIOUS.search(m) and not HARMLESS.search(m)]
        return serious, [m for m in messages if m not in serious]


def auto_class(directory):
    names = AutoConfig.from_pretrained(directory).architectures or [""]
    if names[0].endswith("ForSequenceClassification"):
        return AutoModelForSequenceClassification
    if names[0].endswith("ForTokenClassification"):
        return AutoModelForTokenClassification
    return AutoModelForCausalLM


def expected_of(file):
    with open(file, encoding="utf-8") as text:
        return json.load(text)


def sizes_of(expected):
    return (1, BATCH) if expected.get("batches", True) else (1,)


def new_ids(model, tokenizer, prompt, count):
    inputs = tokenizer(prompt, return_tensors="pt")
    with torch.no_grad():
        ids = model.generate(**inputs, do_sample=False, max_new_tokens=count)
    return ids[0, inputs.input_ids.shape[1] :].tolist()


def ends_of(model):
    ends = model.generation_config.eos_token_id
    return ends if isinstance(ends, list) else [ends]


def check_lm(arguments, problems):
    expected = expected_of(arguments.expected)
    prompts, texts, rows = expected["prompts"], expected["texts"], expected["ids"]
    count = expected.get("max_new_tokens", max(len(row) for row in rows))
    tokenizer = AutoTokenizer.from_pretrained(arguments.directory)
    model = AutoModelForCausalLM.from_pretrained(arguments.directory, dtype=torch.float32)
    ends = ends_of(model)
    for prompt, row in zip(prompts, rows, strict=True):
        ids = new_ids(model, tokenizer, prompt, count)
        ended = ids and ids[-1] in ends
        if ids != row and not (ended and ids[:-1] == row):
            problems.append(f"ids after {prompt!r}: transformers {ids}, expected {row}")
    pipe = pipeline("text-generation", model=arguments.directory, dtype=torch.float32)
    for size in sizes_of(expected):
        options = dict(do_sample=False, max_new_tokens=count, return_full_text=False)
        if size == 1:
            found = [pipe(prompt, **options) for prompt in prompts]
        else:
            found = pipe(prompts, batch_size=size, **options)
        for prompt, text, row in zip(prompts, texts, found, strict=True):
            if row[0]["generated_text"] != text:
                problems.append(
                    f"text after {prompt!r}, batches of {size}: "
                    f"transformers {row[0]['generated_text']!r}, expected {text!r}"
                )
    return {"rows": len(prompts)}


def check_classifier(arguments, problems):
    expected = expected_of(arguments.expected)
    texts = expected["texts"]
    pipe = pipeline(
        "text-classification",
        model=arguments.directory,
        dtype=torch.float32,
        top_k=None,
        truncation=True,
    )
    largest = 0.0
    for size in sizes_of(expected):
        if size == 1:
            found = [pipe([text])[0] for text in texts]
        else:
            found = pipe(texts, batch_size=size)
        for text, row, labels, scores in zip(
            texts, found, expected["labels"], expected["scores"], strict=True
        ):
            where = f"{text[:40]!r}, batches of {size}"
            theirs = sorted((entry["label"], entry["score"]) for entry in row)
            ours = sorted(zip(labels, scores, strict=True))
            if [name for name, _ in theirs] != [name for name, _ in ours]:
                problems.append(f"labels of {where}: transformers {theirs}, expected {ours}")
                continue
            difference = max(abs(a[1] - b[1]) for a, b in zip(theirs, ours))
            largest = max(largest, difference)
            if not difference <= TOLERANCE:
                problems.append(f"scores of {where}: transformers {theirs}, expected {ours}")
            if any(later > earlier + TOLERANCE for earlier, later in zip(scores, scores[1:])):
                problems.append(f"scores of {where} are not in order: {scores}")
    return {"rows": len(texts), "largest_difference": largest}


def has_tokenizer(directory):
    files = ("tokenizer.json", "vocab.json")
    return any(os.path.exists(os.path.join(directory, file)) for file in files)


def resave(arguments, problems):
    options = {"dtype": DTYPES[arguments.dtype]} if arguments.dtype else {}
    model = auto_class(arguments.directory).from_pretrained(arguments.directory, **options)
    sharding = {"max_shard_size": arguments.max_shard_size} if arguments.max_shard_size else {}
    model.save_pretrained(arguments.out, **sharding)
    if has_tokenizer(arguments.directory):
        AutoTokenizer.from_pretrained(arguments.directory).save_pretrained(arguments.out)
    return {"dtype": str(model.dtype), "files": sorted(os.listdir(arguments.out))}


def floats(values):
    """As few digits as a float32 needs."""
    return [float(str(numpy.float32(float(value)))) for value in values]


def lora(arguments, problems):
    from peft import LoraConfig, TaskType, get_peft_model

    kind = auto_class(arguments.directory)
    language = kind is AutoModelForCausalLM
    torch.manual_seed(1)
    tokenizer = AutoTokenizer.from_pretrained(arguments.directory)
    model = kind.from_pretrained(arguments.directory, dtype=torch.float32)
    before = model.transformer.h[0].attn.c_attn.weight.detach().clone()
    adapted = get_peft_model(
        model,
        LoraConfig(
            task_type=TaskType.CAUSAL_LM if language else TaskType.SEQ_CLS,
            r=2,
            lora_alpha=4,
            lora_dropout=0.0,
            target_modules=["c_attn"],
            fan_in_fan_out=True,
        ),
    )
    optimizer = torch.optim.AdamW([p for p in adapted.parameters() if p.requires_grad], lr=0.05)
    inputs = tokenizer(arguments.prompt, return_tensors="pt")
    labels = inputs.input_ids if language else torch.zeros(1, dtype=torch.long)
    if not language and model.config.num_labels == 1:
        labels = labels.float()
    adapted.train()
    adapted(**inputs, labels=labels).loss.backward()
    optimizer.step()
    merged = adapted.merge_and_unload().eval()
    if torch.equal(before, merged.transformer.h[0].attn.c_attn.weight):
        problems.append("the training step changed nothing")
    merged.save_pretrained(arguments.out)
    tokenizer.save_pretrained(arguments.out)

    saved = kind.from_pretrained(arguments.out, dtype=torch.float32)
    inputs = AutoTokenizer.from_pretrained(arguments.out)(arguments.prompt, return_tensors="pt")
    with torch.no_grad():
        logits = saved(**inputs).logits[0]
    ids = inputs.input_ids[0].tolist()
    if language:
        room = min(NEW_TOKENS, saved.config.n_positions - len(ids))
        expected = {
            "prompt": arguments.prompt,
            "prompt_ids": ids,
            "logits": floats(logits[-1]),
            "greedy_ids": new_ids(saved, tokenizer, arguments.prompt, room),
        }
    else:
        pipe = pipeline("text-classification", model=arguments.out, top_k=None)
        row = pipe([arguments.prompt])[0]
        expected = {
            "texts": [arguments.prompt],
            "ids": [ids],
            "logits": [floats(logits)],
            "labels": [[entry["label"] for entry in row]],
            "scores": [floats(entry["score"] for entry in row)],
        }
    with open(os.path.join(arguments.out, "expected.json"), "w", encoding="utf-8") as text:
        json.dump(expected, text, ensure_ascii=False)
    return {"files": sorted(os.listdir(arguments.out))}


def refuses(arguments, problems):
    answers = {}
    if not os.path.exists(os.path.join(arguments.directory, "config.json")):
        problems.append(f"{arguments.directory} is no model directory")
    for kind in (
        AutoModel,
        AutoModelForCausalLM,
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
    ):
        try:
            kind.from_pretrained(arguments.directory)
            problems.append(f"{kind.__name__} loads the model")
        except Exception as e:  # Whatever it is, the model was not loaded.
            answers[kind.__name__] = f"{type(e).__name__}: {e}".splitlines()[0]
    return {"answers": answers}


def arguments_of(command_line):
    parser = argparse.ArgumentParser()
    checks = parser.add_subparsers(required=True)
    for name, check in (("lm", check_lm), ("classifier", check_classifier)):
        added = checks.add_parser(name)
        added.set_defaults(check=check)
        added.add_argument("directory")
        added.add_argument("expected")
    added = checks.add_parser("resave")
    added.set_defaults(check=resave)
    added.add_argument("directory")
    added.add_argument("out")
    added.add_argument("--dtype", choices=DTYPES)
    added.add_argument("--max-shard-size")
    added = checks.add_parser("lora")
    added.set_defaults(check=lora)
    added.add_argument("directory")
    added.add_argument("out")
    added.add_argument("--prompt", default="The")
    added = checks.add_parser("refuses")
    added.set_defaults(check=refuses)
    added.add_argument("directory")
    return parser.parse_args(command_line)


def main():
    arguments = arguments_of(sys.argv[1:])
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    recorder = Recorder()
    logging.add_handler(recorder)
    python_logging.captureWarnings(True)
    python_logging.getLogger("py.warnings").addHandler(recorder)
    warnings.simplefilter("default")
    problems = []
    result = {}
    try:
        result = arguments.check(arguments, problems)
    except Exception as e:
        problems.append(f"{type(e).__name__}: {e}")
    serious, other = recorder.split()
    if arguments.check is not refuses:  # A refusal may well be explained by a warning.
        problems.extend(serious)
    verdict = {"ok": False, "problems": problems} if problems else {"ok": True}
    print(json.dumps({**verdict, **result, "warnings": other}, ensure_ascii=False))


if __name__ == "__main__":
    main()
