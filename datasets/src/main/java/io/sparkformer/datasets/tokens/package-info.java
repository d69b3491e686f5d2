/**
 * Token data sets as files: {@code dataset.json}, and shards in the format of Megatron-LM's indexed
 * data set, {@code .bin} and {@code .idx}; written, and checked against their checksums as they are
 * first read.
 *
 * <p>{@link ShardWriter} writes a shard, {@link TokenDataset} opens a directory. A split is read as
 * one stream ({@link TokenStream}) or sequence by sequence ({@link TokenSequences}), from files
 * that are mapped into memory ({@link BlockFile}); of those that are not on a local disk, what is
 * read is copied to one.
 *
 * <p>Uses {@code datasets} and {@code datasets.tokenizer}. Begin with {@link DatasetManifest},
 * which says what is in a data set, and {@link IndexFile}, which says how it is stored.
 *
 * <p>Public API.
 */
package io.sparkformer.datasets.tokens;
