/**
 * Tokenizers: text to token ids and back, with the ids of HuggingFace's library. {@link Tokenizers}
 * finds one by name or path; a {@link Tokenizer} gives an {@link Encoder} to every thread.
 *
 * <p>There are three kinds: one token for each character ({@link CharTokenizer}), byte-level BPE by
 * an engine of our own ({@link BpeTokenizer}), and all others by HuggingFace's library ({@link
 * LibraryTokenizer}). The readers of the files that they come in are here, too.
 *
 * <p>Uses {@code datasets} and {@code datasets.pretokenizer}. Begin with {@link Tokenizer}; for the
 * way of a byte of text, with {@link BpeEncoder}, {@link StretchEncoder}, {@link PieceCache} and
 * {@link PieceMerger}.
 *
 * <p>Public API.
 */
package io.sparkformer.datasets.tokenizer;
