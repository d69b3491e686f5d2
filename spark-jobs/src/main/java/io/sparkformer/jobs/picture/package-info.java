/**
 * Heat maps as PNG: a matrix in colours with labels beside it, at most 2,000 pixels wide and high.
 * {@link AttentionPictures} makes them of attention, of values and of confusion matrices.
 *
 * <p>Uses {@code datasets} and {@code evaluation}; neither Spark nor a job. Begin with {@link
 * HeatMap}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.picture;
