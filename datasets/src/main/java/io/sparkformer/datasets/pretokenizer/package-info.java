/**
 * How byte-level BPE tokenizers cut a text into the pieces that are encoded by themselves, in UTF-8
 * bytes: a hand-written scanner for each family of tokenizers, in time linear in the text, and the
 * classes of characters that they tell apart.
 *
 * <p>{@link SafeCuts} finds the places where a text may be cut in two without a token changing, so
 * that documents of any length are encoded piece by piece.
 *
 * <p>Uses no other package of the project. Begin with {@link Pretokenizer}, then {@link
 * Gpt2Scanner}, the shortest.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.datasets.pretokenizer;
