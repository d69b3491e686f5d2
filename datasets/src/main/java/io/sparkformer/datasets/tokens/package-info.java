/**
 * Token data sets as files: {@code dataset.json}, and shards in the format of Megatron-LM's indexed
 * data set, {@code .bin} and {@code .idx}; written, checked against their checksums, and read.
 *
 * <p>{@link ShardWriter} writes a shard, {@link TokenDataset} opens a directory. A split is read as
 * one stream ({@link TokenStream}) or sequence by sequence ({@link TokenSequences}), from files
 * that are mapped into memory and were copied to a local disk if they were on none.
 *
 * <p>Uses {@code datasets} and {@code datasets.tokenizer}. Begin with {@link DatasetManifest},
 * which says what is in a data set, and {@link IndexFile}, which says how it is stored.
 *
 * <p>Public API.
 */
package io.sparkformer.datasets.tokens;
