/**
 * A training run from its first to its last step: the loop around the step, evaluations,
 * checkpoints, metrics, the best and the last model, and how a run goes on where another ended.
 *
 * <p>{@link TrainingRun} is one rank's; the first rank's has a {@link Checkpointer}, which writes
 * the {@link RunDirectory} on a thread of its own and tells a listener of {@link TrainingEvent}s.
 *
 * <p>Uses {@code datasets} and its packages, {@code recipe}, {@code train}, {@code model}, {@code
 * safetensors}, {@code collective}, {@code evaluation} and {@code generate}. Begin with {@link
 * TrainingRun#train}.
 *
 * <p>Public API.
 */
package io.sparkformer.run;
