/**
 * The job {@code score}: a table with what a classifier says of each row's text. {@link ScoreInput}
 * reads the rows, Spark ML's transformer of {@code ml} scores them, or DJL's own extension ({@link
 * DjlSparkEngine}), and {@link ScoreOutput} writes them, whole or not at all.
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster}, {@code jobs.input}, {@code jobs.output} and {@code
 * ml}, and {@code predict}, {@code model} and {@code datasets}. Begin with {@link ScoreJob}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.score;
