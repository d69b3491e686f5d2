/**
 * Trained models at work on texts, for many threads: classifiers ({@link SequenceModel}, of ours
 * and of others' TorchScript) and language models ({@link LanguageModel}). A {@link TextReader}
 * makes a model's input of a text, as the model was trained to read it; {@link BatchLimits} bound
 * what goes through the model at once.
 *
 * <p>Uses {@code datasets} and its packages {@code sample} and {@code tokenizer}, {@code model},
 * {@code torch} and {@code generate}. Begin with {@link SequenceModel}.
 *
 * <p>Public API.
 */
package io.sparkformer.predict;
