/**
 * What jobs write as a whole: a directory or a tokenizer's file that appears under its name when it
 * is complete, is written by one job at a time, and replaces only what the same job made.
 *
 * <p>Uses {@code datasets} and {@code datasets.tokenizer}. Begin with {@link OutputDirectory},
 * whose lock is {@link OutputLock}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.output;
