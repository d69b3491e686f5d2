/**
 * Spark ML's classes: {@link SequenceClassifier}, an estimator that tokenizes and trains; {@link
 * SequenceClassificationModel}, {@link TextGenerator} and {@link TextPerplexity}, transformers that
 * add a struct to each row of a table or a stream; their saved form, and their function of SQL.
 *
 * <p>A task scores windows of rows ({@link ScoredRows}) with a model that its executor loaded once
 * ({@link ExecutorModels}). Every row comes back, with a result or an error ({@link OnError}).
 *
 * <p>Uses {@code predict}, {@code generate}, {@code model}, {@code datasets} and its packages, and
 * {@code jobs.cluster}; for the estimator also {@code jobs.tokenize} and {@code jobs.train}, with
 * what these stand on. Begin with {@link TextModel}.
 *
 * <p>Public API.
 */
package io.sparkformer.ml;
