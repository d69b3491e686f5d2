/**
 * What is said of a trained model: a classifier's confusion matrix and the figures that follow from
 * it, and the files that keep them ({@link EvaluationRecord}) and examples of the model's work
 * ({@link Showcase}). What computes them is in {@code run}.
 *
 * <p>Uses {@code datasets} and its packages {@code tokenizer} and {@code tokens}. Begin with {@link
 * ConfusionMatrix} and {@link ClassificationReport}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.evaluation;
