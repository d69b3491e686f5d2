"""Makes the model directories that the exchange tests read, and what transformers says of them.

    python make_exchange_references.py [DIRECTORY]

writes DIRECTORY/CASE/ (default: ../resources/io/sparkformer/exchange beside this script), replacing
the cases that are there. Made with transformers 5.18.0, torch 2.13.0 (CPU), tokenizers 0.23.2 and
safetensors 0.8.0; the seeds are fixed.

A case is a directory as users get one, with an expected.json beside the model. DIRECTORY itself
has the tokenizer.json of all cases that have none of their own: a byte-level BPE of 300 tokens,
<|endoftext|> being the last. Numbers come from the files as they were written, loaded again by
from_pretrained, in float32, from a copy with that tokenizer put beside the model.

Language models' expected.json:
    prompt, prompt_ids  a text, and its ids with what the post-processor puts around it
    logits              of the prompt's last position
    greedy_ids          up to 12 ids of generate(), without the prompt, with the id that ended it

Classifiers' expected.json, of pipeline("text-classification", top_k=None, truncation=True):
    texts, ids          ids as the model gets them: cut to tokenizer_config.json's model_max_length,
                        which counts the post-processor's tokens
    logits              by class
    labels, scores      in the order of the scores, highest first

Cases, and what is special about them:
    lm_fp32             nothing
    lm_bf16, lm_fp16    weights of these types
    lm_untied           tie_word_embeddings false
    lm_tied_but_different  tie_word_embeddings true, yet another lm_head.weight: it is used
    lm_tied_equal       tie_word_embeddings true, and the same lm_head.weight
    lm_head_only        tie_word_embeddings true, lm_head.weight without transformer.wte.weight
    lm_sharded, lm_sharded_bf16  model.safetensors.index.json and shards
    lm_both_forms       an index and shards, and a model.safetensors of other weights, which is used
    lm_eos_list         config.json has two ids that end a text; no generation_config.json
    lm_generation_config            it contradicts config.json, and is right
    lm_generation_config_only       config.json's eos_token_id is null
    lm_generation_config_without    it has no eos_token_id: nothing ends a text
    lm_aliases          hidden_size, num_hidden_layers, num_attention_heads, max_position_embeddings
    lm_aliases_win      n_head contradicts num_attention_heads, which counts
    lm_gelu, lm_relu, lm_gelu_python, lm_gelu_accurate, lm_gelu_python_tanh, lm_gelu_fast,
    lm_gelu_pytorch_tanh            the activation of this name
    lm_n_inner          an inner size that is not 4 * n_embd
    lm_old_names        as GPT-2's first files: no "transformer.", attn.bias masks, n_ctx
    lm_resaved_bias     "bias": false and no bias tensors, loaded and saved by transformers: zeros
    lm_float64_mixed    tensors of four types; config.json's dtype is float32
    lm_post_processor   <|endoftext|> is put before the prompt
    lm_more_tokens      the tokenizer has two tokens more than the model
    cls_single3         three named classes
    cls_two_unnamed     two classes, no id2label
    cls_num_labels      three classes by num_labels, no id2label
    cls_multi_label     problem_type multi_label_classification: sigmoid
    cls_regression      problem_type regression, one label: raw logits
    cls_one_label       one label, no problem_type: sigmoid
    cls_post_processor  <|bos|> TEXT <|endoftext|>, and a <|pad|> of its own
    cls_pad_is_eos      pad_token_id is <|endoftext|>, which the post-processor puts at the end of a
                        text: the token before it is pooled
    cls_no_pad          pad_token_id is null: the last position is pooled
    cls_added_pad       <|pad|> was added to the tokenizer and the embedding was resized
    cls_truncation_left truncation_side left, model_max_length below n_positions
    cls_bf16, cls_sharded
"""

import copy
import json
import os
import shutil
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GPT2Config,
    GPT2ForSequenceClassification,
    GPT2LMHeadModel,
    pipeline,
)
from transformers.utils import logging

END = "<|endoftext|>"
VOCABULARY = 300
CORPUS = [
    "The river is wide and cold, and the bridge over the river is old.",
    "A reader reads what a writer writes; the rest is numbers.",
    "One, two, three, four, five: the fox jumps over the lazy dog again and again.",
    "Was it good? It was not good, it was better than the other one.",
]
PROMPT = "The old fox reads"
TEXTS = [
    "The river is cold",
    "It was not good, it was better than the other one.",
    "x",
    " ",
    "Größe – naïve café 数 😀",
    "Again and again the fox jumps over the bridge.\n" * 4,
]
NEW_TOKENS = 12
FAST = {"tokenizer_class": "PreTrainedTokenizerFast"}


def byte_level_bpe():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 1,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    assert tokenizer.get_vocab_size() == VOCABULARY - 1
    # In the model's vocabulary as well, as in GPT-2's own file.
    written = json.loads(tokenizer.to_str())
    written["model"]["vocab"][END] = VOCABULARY - 1
    tokenizer = Tokenizer.from_str(json.dumps(written))
    tokenizer.add_special_tokens([END])
    assert tokenizer.token_to_id(END) == VOCABULARY - 1
    return tokenizer


TOKENIZER = byte_level_bpe()
END_ID = VOCABULARY - 1


def with_template(template, added=()):
    tokenizer = copy.deepcopy(TOKENIZER)
    tokenizer.add_special_tokens(list(added))
    names = [END, *added]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=template, special_tokens=[(name, tokenizer.token_to_id(name)) for name in names]
    )
    return tokenizer


def config(**changed):
    values = dict(
        vocab_size=VOCABULARY,
        n_positions=24,
        n_embd=8,
        n_layer=2,
        n_head=2,
        bos_token_id=END_ID,
        eos_token_id=END_ID,
    )
    values.update(changed)
    return GPT2Config(**values)


def drawn(kind, seed, settings):
    """A model with weights so large that its logits are far apart."""
    torch.manual_seed(seed)
    model = kind(settings)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if ".ln_" in name and name.endswith("weight"):
                weight.copy_(1 + 0.3 * torch.randn(weight.shape))
            elif name.endswith("bias"):
                weight.copy_(0.2 * torch.randn(weight.shape))
            else:
                weight.copy_(0.8 * torch.randn(weight.shape))
    return model.eval()


def greedy(model, ids):
    """Ids without any end, and the least lead that a chosen id has over the next best."""
    lead = float("inf")
    ids = list(ids)
    start = len(ids)
    with torch.no_grad():
        for _ in range(NEW_TOKENS):
            best = model(torch.tensor([ids])).logits[0, -1].topk(2)
            lead = min(lead, (best.values[0] - best.values[1]).item())
            ids.append(best.indices[0].item())
    return ids[start:], lead


def language_model(dtype=torch.float32, prompt_ids=None, usable=lambda ids: True, **changed):
    """The first seed whose greedy text is not dull and has no close decisions."""
    settings = config(**changed)
    prompt_ids = prompt_ids or TOKENIZER.encode(PROMPT).ids
    for seed in range(1000):
        model = drawn(GPT2LMHeadModel, seed, copy.deepcopy(settings)).to(dtype)
        ids, lead = greedy(copy.deepcopy(model).float(), prompt_ids)
        if len(set(ids)) >= 7 and lead > 0.1 and END_ID not in ids and usable(ids):
            return model, ids
    raise AssertionError("no usable seed")


def classifier(first_seed, tokenizer=TOKENIZER, **changed):
    """From this seed on, the first whose texts are not all of one class, nor any nearly of two."""
    settings = config(**changed)
    ids = [tokenizer.encode(text).ids[: settings.n_positions] for text in TEXTS]
    for seed in range(first_seed, first_seed + 1000):
        model = drawn(GPT2ForSequenceClassification, seed, copy.deepcopy(settings))
        model.config.pad_token_id = None
        with torch.no_grad():
            logits = torch.stack([model(torch.tensor([row])).logits[0] for row in ids])
        model.config.pad_token_id = settings.pad_token_id
        best = logits.sort(descending=True).values
        classes = set(logits.argmax(-1).tolist())
        if settings.num_labels == 1:
            return model
        if len(classes) > 1 and (best[:, :-1] - best[:, 1:]).min() > 0.05:
            return model
    raise AssertionError("no usable seed")


class Cases:
    def __init__(self, root):
        self.root = root
        self.scratch = tempfile.mkdtemp()
        os.makedirs(root, exist_ok=True)
        for name in os.listdir(root):
            if name.startswith(("lm_", "cls_")):
                shutil.rmtree(os.path.join(root, name))
        TOKENIZER.save(os.path.join(root, "tokenizer.json"), pretty=False)

    def path(self, case, file=""):
        return os.path.join(self.root, case, file) if file else os.path.join(self.root, case)

    def read(self, case, file="config.json"):
        with open(self.path(case, file), encoding="utf-8") as text:
            return json.load(text)

    def write(self, case, file, value):
        with open(self.path(case, file), "w", encoding="utf-8", newline="\n") as text:
            json.dump(value, text, indent=2, ensure_ascii=False)
            text.write("\n")

    def edit(self, case, remove=(), file="config.json", **changed):
        value = self.read(case, file)
        for key in remove:
            value.pop(key, None)
        value.update(changed)
        self.write(case, file, value)

    def tensors(self, case):
        return load_file(self.path(case, "model.safetensors"))

    def replace_tensors(self, case, tensors):
        tensors = {name: tensor.clone().contiguous() for name, tensor in tensors.items()}
        save_file(tensors, self.path(case, "model.safetensors"), {"format": "pt"})

    def complete(self, case):
        """A copy that has a tokenizer."""
        copied = os.path.join(self.scratch, case)
        shutil.copytree(self.path(case), copied)
        if not os.path.exists(os.path.join(copied, "tokenizer.json")):
            shutil.copy(os.path.join(self.root, "tokenizer.json"), copied)
        return copied

    def expect_language_model(self, case, ends_after=NEW_TOKENS):
        directory = self.complete(case)
        tokenizer = AutoTokenizer.from_pretrained(directory)
        model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
        inputs = tokenizer(PROMPT, return_tensors="pt")
        count = inputs.input_ids.shape[1]
        with torch.no_grad():
            logits = model(**inputs).logits[0, -1]
            ids = model.generate(**inputs, do_sample=False, max_new_tokens=NEW_TOKENS)[0, count:]
        assert len(ids) == ends_after, (case, ids)
        self.write_expected(
            case,
            prompt=PROMPT,
            prompt_ids=inputs.input_ids[0].tolist(),
            logits=floats(logits),
            greedy_ids=ids.tolist(),
        )

    def expect_classifier(self, case, texts=TEXTS):
        directory = self.complete(case)
        pipe = pipeline(
            "text-classification", model=directory, dtype=torch.float32, top_k=None, truncation=True
        )
        ids = [pipe.tokenizer(text, truncation=True).input_ids for text in texts]
        single = pipe(texts, batch_size=1)
        if pipe.model.config.pad_token_id is not None:
            for one, other in zip(single, pipe(texts, batch_size=8)):
                assert [row["label"] for row in one] == [row["label"] for row in other], case
                for left, right in zip(one, other):
                    assert abs(left["score"] - right["score"]) < 1e-5, case
        model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32)
        with torch.no_grad():
            logits = [model(torch.tensor([row])).logits[0] for row in ids]
        self.write_expected(
            case,
            texts=texts,
            ids=ids,
            logits=[floats(row) for row in logits],
            labels=[[entry["label"] for entry in row] for row in single],
            scores=[floats([entry["score"] for entry in row]) for row in single],
        )

    def write_expected(self, case, **values):
        with open(self.path(case, "expected.json"), "w", encoding="utf-8", newline="\n") as text:
            lines = [
                json.dumps(key) + ": " + json.dumps(value, ensure_ascii=False)
                for key, value in values.items()
            ]
            text.write("{\n  " + ",\n  ".join(lines) + "\n}\n")


def floats(values):
    """As few digits as a float32 needs."""
    return [float(str(numpy.float32(float(value)))) for value in values]


def language_models(cases):
    def save(case, model, **options):
        model.save_pretrained(cases.path(case), **options)
        # The published GPT-2 has none that matters; cases about it write their own.
        os.remove(cases.path(case, "generation_config.json"))

    model, _ = language_model()
    save("lm_fp32", model)
    cases.expect_language_model("lm_fp32")

    for case, dtype in (("lm_bf16", torch.bfloat16), ("lm_fp16", torch.float16)):
        model, _ = language_model(dtype)
        save(case, model)
        cases.expect_language_model(case)

    model, _ = language_model(tie_word_embeddings=False)
    save("lm_untied", model)
    cases.expect_language_model("lm_untied")

    model, _ = language_model(tie_word_embeddings=False, n_layer=1)
    save("lm_tied_but_different", model)
    cases.edit("lm_tied_but_different", tie_word_embeddings=True)
    cases.expect_language_model("lm_tied_but_different")

    model, _ = language_model(n_layer=1)
    save("lm_tied_equal", model)
    tensors = cases.tensors("lm_tied_equal")
    tensors["lm_head.weight"] = tensors["transformer.wte.weight"]
    cases.replace_tensors("lm_tied_equal", tensors)
    cases.expect_language_model("lm_tied_equal")

    model, _ = language_model(n_layer=1)
    save("lm_head_only", model)
    tensors = cases.tensors("lm_head_only")
    tensors["lm_head.weight"] = tensors.pop("transformer.wte.weight")
    cases.replace_tensors("lm_head_only", tensors)
    cases.expect_language_model("lm_head_only")

    for case, dtype, size in (
        ("lm_sharded", torch.float32, "5KB"),
        ("lm_sharded_bf16", torch.bfloat16, "2KB"),
    ):
        model, _ = language_model(dtype)
        save(case, model, max_shard_size=size)
        shards = [name for name in os.listdir(cases.path(case)) if name.endswith(".safetensors")]
        assert len(shards) >= 3, shards
        cases.expect_language_model(case)

    model, ids = language_model(n_layer=1)
    other, _ = language_model(n_layer=1, usable=lambda other: other != ids)
    save("lm_both_forms", model, max_shard_size="5KB")
    tensors = dict(other.state_dict())
    tensors.pop("lm_head.weight")
    cases.replace_tensors("lm_both_forms", tensors)
    cases.expect_language_model("lm_both_forms")

    def firsts(ids, *positions):
        return all(ids.index(ids[position]) == position for position in positions)

    def usable(ids):
        return firsts(ids, 3, 7) and ids[3] != ids[7]

    model, ids = language_model(usable=usable, n_layer=1)
    save("lm_eos_list", model)
    cases.edit("lm_eos_list", eos_token_id=[ids[7], ids[3]])
    cases.expect_language_model("lm_eos_list", ends_after=4)

    made = {"_from_model_config": True, "bos_token_id": END_ID, "transformers_version": "5.18.0"}
    for case, in_config, in_generation, ends_after in (
        ("lm_generation_config", ids[3], {"eos_token_id": ids[7]}, 8),
        ("lm_generation_config_only", None, {"eos_token_id": [ids[7]]}, 8),
        ("lm_generation_config_without", ids[3], {}, NEW_TOKENS),
    ):
        save(case, model)
        cases.edit(case, eos_token_id=in_config)
        cases.write(case, "generation_config.json", {**made, **in_generation})
        cases.expect_language_model(case, ends_after)

    aliases = {
        "hidden_size": "n_embd",
        "num_hidden_layers": "n_layer",
        "num_attention_heads": "n_head",
        "max_position_embeddings": "n_positions",
    }
    model, _ = language_model()
    save("lm_aliases", model)
    values = cases.read("lm_aliases")
    cases.edit("lm_aliases", aliases.values(), **{key: values[aliases[key]] for key in aliases})
    cases.expect_language_model("lm_aliases")

    model, _ = language_model(n_layer=1)
    save("lm_aliases_win", model)
    cases.edit("lm_aliases_win", n_head=4, num_attention_heads=2)
    cases.expect_language_model("lm_aliases_win")

    for name in (
        "gelu",
        "relu",
        "gelu_python",
        "gelu_accurate",
        "gelu_python_tanh",
        "gelu_fast",
        "gelu_pytorch_tanh",
    ):
        model, _ = language_model(n_layer=1, activation_function=name)
        save("lm_" + name, model)
        cases.expect_language_model("lm_" + name)

    model, _ = language_model(n_inner=20)
    save("lm_n_inner", model)
    cases.expect_language_model("lm_n_inner")

    model, _ = language_model()
    save("lm_old_names", model)
    tensors = {
        name.removeprefix("transformer."): tensor
        for name, tensor in cases.tensors("lm_old_names").items()
    }
    positions = model.config.n_positions
    for layer in range(model.config.n_layer):
        mask = torch.tril(torch.ones(positions, positions))
        tensors[f"h.{layer}.attn.bias"] = mask.view(1, 1, positions, positions)
    cases.replace_tensors("lm_old_names", tensors)
    new = ("dtype", "transformers_version", "pad_token_id", "tie_word_embeddings", "n_inner")
    cases.edit("lm_old_names", new, n_ctx=positions)
    cases.expect_language_model("lm_old_names")

    model, _ = language_model()
    save("lm_resaved_bias", model)
    tensors = cases.tensors("lm_resaved_bias")
    tensors = {name: value for name, value in tensors.items() if not name.endswith(".bias")}
    cases.replace_tensors("lm_resaved_bias", tensors)
    cases.edit("lm_resaved_bias", bias=False, sparkformer_reading={"truncate": "right"})
    model = AutoModelForCausalLM.from_pretrained(cases.path("lm_resaved_bias"))
    model.save_pretrained(cases.path("lm_resaved_bias"))
    tensors = cases.tensors("lm_resaved_bias")
    biases = [value for name, value in tensors.items() if name.endswith(".bias")]
    assert len(biases) == 13 and all(not bias.any() for bias in biases)
    cases.expect_language_model("lm_resaved_bias")

    model, _ = language_model(n_layer=1)
    save("lm_float64_mixed", model)
    tensors = cases.tensors("lm_float64_mixed")
    types = {"attn.c_attn": torch.float16, "mlp.c_fc": torch.bfloat16, "wpe": torch.float64}
    for name in tensors:
        for part, dtype in types.items():
            if part in name:
                tensors[name] = tensors[name].to(dtype)
    cases.replace_tensors("lm_float64_mixed", tensors)
    cases.expect_language_model("lm_float64_mixed")

    tokenizer = with_template(END + " $A")
    model, _ = language_model(prompt_ids=tokenizer.encode(PROMPT).ids)
    save("lm_post_processor", model)
    tokenizer.save(cases.path("lm_post_processor", "tokenizer.json"), pretty=False)
    named = {"bos_token": END, "eos_token": END}
    cases.write("lm_post_processor", "tokenizer_config.json", {**FAST, **named})
    cases.expect_language_model("lm_post_processor")

    model, _ = language_model(n_layer=1)
    save("lm_more_tokens", model)
    tokenizer = copy.deepcopy(TOKENIZER)
    tokenizer.add_special_tokens(["<|pad|>"])
    tokenizer.add_tokens(["<extra>"])
    tokenizer.save(cases.path("lm_more_tokens", "tokenizer.json"), pretty=False)
    cases.write("lm_more_tokens", "tokenizer_config.json", {**FAST, "pad_token": "<|pad|>"})
    cases.expect_language_model("lm_more_tokens")


def classifiers(cases):
    names = {"sad": 0, "neutral": 1, "Very happy!": 2}
    named = dict(id2label={id: name for name, id in names.items()}, label2id=names)

    def save(case, model, tokenizer=None, texts=TEXTS, reading=None, **options):
        model.save_pretrained(cases.path(case), **options)
        pad = model.config.pad_token_id
        values = {**FAST, "eos_token": END, "model_max_length": model.config.n_positions}
        if pad is not None:
            values["pad_token"] = (tokenizer or TOKENIZER).id_to_token(pad)
        cases.write(case, "tokenizer_config.json", {**values, **(reading or {})})
        if tokenizer:
            tokenizer.save(cases.path(case, "tokenizer.json"), pretty=False)
        cases.expect_classifier(case, texts)

    save("cls_single3", classifier(100, pad_token_id=END_ID, **named))
    save("cls_two_unnamed", classifier(200, pad_token_id=END_ID, num_labels=2))
    assert "id2label" not in cases.read("cls_two_unnamed")

    case = "cls_num_labels"
    classifier(300, pad_token_id=END_ID, num_labels=3, n_layer=1).save_pretrained(cases.path(case))
    cases.edit(case, ["id2label", "label2id"], num_labels=3)
    reading = {**FAST, "eos_token": END, "pad_token": END, "model_max_length": 24}
    cases.write(case, "tokenizer_config.json", reading)
    cases.expect_classifier(case)

    topics = {"sport": 0, "money": 1, "art": 2, "other": 3}
    save(
        "cls_multi_label",
        classifier(
            4,
            pad_token_id=END_ID,
            problem_type="multi_label_classification",
            id2label={id: name for name, id in topics.items()},
            label2id=topics,
        ),
    )
    save(
        "cls_regression",
        classifier(500, pad_token_id=END_ID, problem_type="regression", num_labels=1),
    )
    save("cls_one_label", classifier(600, pad_token_id=END_ID, num_labels=1, n_layer=1))

    empty = [text if text.strip() else "" for text in TEXTS]
    tokenizer = with_template(f"<|bos|> $A {END}", ["<|bos|>", "<|pad|>"])
    save(
        "cls_post_processor",
        classifier(
            700, tokenizer, vocab_size=VOCABULARY + 2, pad_token_id=VOCABULARY + 1, **named
        ),
        tokenizer,
        empty,
        {"bos_token": "<|bos|>"},
    )
    save(
        "cls_pad_is_eos",
        classifier(800, pad_token_id=END_ID, **named),
        with_template(f"$A {END}"),
        [text for text in empty if text],
    )
    save("cls_no_pad", classifier(900, **named))

    case = "cls_added_pad"
    model = classifier(1000, **named)
    directory = os.path.join(cases.scratch, "before_" + case)
    model.save_pretrained(directory)
    TOKENIZER.save(os.path.join(directory, "tokenizer.json"))
    tokenizer = AutoTokenizer.from_pretrained(directory, model_max_length=24)
    tokenizer.add_special_tokens({"pad_token": "<|pad|>"})
    model.resize_token_embeddings(len(tokenizer))
    model.config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(cases.path(case))
    tokenizer.save_pretrained(cases.path(case))
    cases.expect_classifier(case)

    save(
        "cls_truncation_left",
        classifier(1100, pad_token_id=END_ID, **named),
        reading={"truncation_side": "left", "model_max_length": 10},
    )
    save("cls_bf16", classifier(1200, pad_token_id=END_ID, **named).to(torch.bfloat16))
    save("cls_sharded", classifier(1300, pad_token_id=END_ID, **named), max_shard_size="5KB")


def main():
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.join(here, "..", "resources", "io", "sparkformer", "exchange")
    cases = Cases(os.path.normpath(sys.argv[1] if len(sys.argv) > 1 else root))
    try:
        language_models(cases)
        classifiers(cases)
    finally:
        shutil.rmtree(cases.scratch)


if __name__ == "__main__":
    main()
