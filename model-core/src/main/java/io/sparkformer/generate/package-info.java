/**
 * Continues prompts: {@link TextGenerator} asks the model for one token after the other, of all
 * samples together, with the keys and values of earlier tokens kept ({@link KeyValueCache}); {@link
 * Sampler} chooses each token, as {@link SamplingOptions} say.
 *
 * <p>Uses {@code datasets} and {@code model}. Begin with {@link TextGenerator}.
 *
 * <p>Public API.
 */
package io.sparkformer.generate;
