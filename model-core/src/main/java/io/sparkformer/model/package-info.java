/**
 * The transformer: its shape ({@link ModelConfig}, {@link Head}), its weights as a DJL block
 * ({@link Gpt}), its mathematics ({@link Kernels}, whose source is {@code forward.py}, {@code
 * inference.py} and {@code training.py} beside this package's classes), and its files ({@link
 * ModelDirectory}, {@link SafeTensors}, {@link TorchScriptExport}).
 *
 * <p>Names and layouts of weights are those of HuggingFace's GPT-2.
 *
 * <p>Uses {@code datasets}, {@code datasets.sample}, {@code datasets.tokenizer}, {@code
 * safetensors} and {@code torch}. Begin with {@link ModelConfig}, then {@code forward.py}.
 *
 * <p>Public API.
 */
package io.sparkformer.model;
