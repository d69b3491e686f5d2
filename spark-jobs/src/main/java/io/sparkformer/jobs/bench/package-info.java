/**
 * The job {@code bench}: this machine's speed of training, classifying, generating, all-reduce,
 * tokenizing and scoring, and its memory, in turn with another program's.
 *
 * <p>Uses whatever it measures, other jobs' packages included; nothing uses it. Begin with {@link
 * BenchCommand}, then {@link BenchWork}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.bench;
