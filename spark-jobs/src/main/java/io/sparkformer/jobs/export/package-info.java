/**
 * The job {@code export}: a model for other programs, as TorchScript, in the driver, without a
 * Spark application. What is written is {@code model}'s to know.
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster} for Hadoop's configuration, {@code jobs.output},
 * {@code model} and {@code datasets}. Begin with {@link ExportCommand}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.export;
