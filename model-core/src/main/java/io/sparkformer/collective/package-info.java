/**
 * Ranks that work together: {@link Collective} connects those of one attempt and sums their float
 * buffers, in a tree whose shape the number of micro-batches alone decides ({@link
 * MicroBatchRange}); so any number of ranks gives the same bits.
 *
 * <p>Ranks of one host sum in shared memory ({@link HostSum}), hosts over TCP ({@link
 * HostExchange}). Connections prove that they know the attempt's secret ({@link Handshake}), and
 * every wait has a deadline ({@link PeerTimeout}).
 *
 * <p>Uses {@code datasets} alone: neither Spark nor an engine. Begin with {@link
 * Collective#allReduce}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.collective;
