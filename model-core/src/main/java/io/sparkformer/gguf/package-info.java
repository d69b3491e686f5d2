/**
 * Language models as GGUF files, which llama.cpp and what is built on it run: {@link GgufExport}.
 *
 * <p>A file is a header of metadata (the shape, the tokenizer), a table of tensors and their
 * numbers. It is written as llama.cpp's own converter writes GPT-2; what the architecture {@code
 * gpt2} cannot say is refused.
 *
 * <p>Source: ggml, docs/gguf.md; llama.cpp, conversion/gpt2.py, src/models/gpt2.cpp and
 * src/llama-vocab.cpp.
 *
 * <p>Uses {@code datasets}, {@code datasets.pretokenizer}, {@code datasets.tokenizer}, {@code
 * safetensors} and {@code model}.
 *
 * <p>Public API.
 */
package io.sparkformer.gguf;
