/**
 * The job {@code export}: a model for other programs, as TorchScript, as a model directory or as
 * GGUF, in the driver, without a Spark application. What is written is {@code model}'s and {@code
 * gguf}'s to know.
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster} for Hadoop's configuration, {@code jobs.output},
 * {@code model}, {@code safetensors}, {@code gguf} and {@code datasets}. Begin with {@link
 * ExportCommand}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.export;
