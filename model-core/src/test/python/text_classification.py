"""Writes the models and expected scores that TextClassificationReferenceTest reads.

    python src/test/python/text_classification.py src/test/resources/io/sparkformer/predict/reference

Made with torch 2.13.0, transformers 5.18.0, tokenizers 0.23.2.
"""

import json
import pathlib
import sys

import tokenizers
import torch
import transformers

TEXTS = ["a bad film", "good, good", "it was so so", "e"]
CASES = [
    ("three", None),
    ("three", "single_label_classification"),
    ("three", "multi_label_classification"),
    ("three", "regression"),
    ("one", None),
    ("one", "multi_label_classification"),
    ("one", "regression"),
]


def tokenizer():
    letters = ["\u0120", *"abcdefghijklmnopqrstuvwxyz", ",", "."]
    merges = [("g", "o"), ("go", "o"), ("goo", "d"), ("\u0120", "s"), ("\u0120s", "o"), ("i", "t")]
    tokens = ["<|endoftext|>", *letters, *("".join(pair) for pair in merges)]
    fast = tokenizers.Tokenizer(
        tokenizers.models.BPE({token: i for i, token in enumerate(tokens)}, merges)
    )
    fast.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = tokenizers.decoders.ByteLevel()
    fast.add_special_tokens(["<|endoftext|>"])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=fast, eos_token="<|endoftext|>", pad_token="<|endoftext|>"
    )


def model(labels, reader):
    torch.manual_seed(1)
    config = transformers.GPT2Config(
        vocab_size=len(reader),
        n_positions=16,
        n_embd=8,
        n_layer=1,
        n_head=2,
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )
    classifier = transformers.GPT2ForSequenceClassification(config).eval()
    with torch.no_grad():
        for weight in classifier.parameters():
            weight.copy_(torch.randn_like(weight) * 0.5)
    return classifier


def main(directory):
    reader = tokenizer()
    models = {
        "three": model(["bad", "so so", "good"], reader),
        "one": model(["good"], reader),
    }
    for name, classifier in models.items():
        classifier.save_pretrained(directory / name)
        reader.backend_tokenizer.save(str(directory / name / "tokenizer.json"))
    expected = []
    for name, problem in CASES:
        models[name].config.problem_type = problem
        pipeline = transformers.pipeline("text-classification", models[name], tokenizer=reader)
        for text in TEXTS:
            scores = {found["label"]: found["score"] for found in pipeline(text, top_k=None)}
            case = {"model": name, "problem_type": problem, "text": text, "scores": scores}
            expected.append(json.dumps(case))
    (directory / "expected.json").write_text("[\n" + ",\n".join(expected) + "\n]\n")


main(pathlib.Path(sys.argv[1]))
