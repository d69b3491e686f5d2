/**
 * The job {@code attention}: what a model attends to and predicts for one text, as heat maps and as
 * numbers, in the driver, without a Spark application.
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster} for Hadoop's configuration, {@code jobs.output} and
 * {@code jobs.picture}, and {@code evaluation}, {@code model} and {@code datasets}. Begin with
 * {@link AttentionCommand}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.attention;
